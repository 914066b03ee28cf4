import { fixed } from '../../protocol/codes/limits.ts';
import type { Reply } from '../../protocol/commands.ts';
import type { Context, Handler } from '../context.ts';
import { fileNotFound } from '../files/find-file.ts';
import { infoWithoutPreview, keyOf } from '../storage/files.ts';
import type { KnownMember } from '../storage/members.ts';

type Around = NonNullable<Reply<'getFile'>['around']>;

/** A file in a message, or one of the actor's own that is in no message yet. */
export const getFile: Handler<'getFile'> = (context, { fileId, around }) => {
  const { files, actor } = context;
  const row = files.find(fileId);
  if (row === undefined || row.sha256 === null) throw fileNotFound();
  const reply = { file: files.infoOf(row), key: keyOf(row) };
  if (row.seq === null) {
    if (row.uploaderId !== actor.identity.userId) throw fileNotFound();
    return { reply };
  }
  return { reply: around === true ? { ...reply, around: aroundOf(context, row.seq) } : reply };
};

function aroundOf(context: Context, seq: number): Around {
  const rows = context.files.around(seq, fixed.filesAround);
  const files = rows.map((row) => ({ file: infoWithoutPreview(row), key: keyOf(row) }));
  return { files, readers: readersOf(context) };
}

function readersOf({ access, state, limits, members, now }: Context): Around['readers'] {
  const most = fixed.readersListed + 1;
  const listed = state.private || access.isDirect ? members.after('', most) : [];
  const named = [...members.refused(now, most), ...listed];
  return {
    private: state.private,
    importing: state.importing,
    tokenRoomsOnly: limits.tokenRoomsOnly,
    ...(named.length < most && { members: named.map(admissionOf) }),
  };
}

function admissionOf({ userId, role, banned, kickedUntil }: KnownMember) {
  return { userId, role, banned, ...(kickedUntil !== undefined && { kickedUntil }) };
}
