import type { Context, Handler } from '../context.ts';
import { fileNotFound } from '../files/find-file.ts';
import { keyOf } from '../storage/files.ts';

/** A file in a message, or one of the actor's own that waits for one. */
export const getFile: Handler<'getFile'> = (context, { fileId }) => {
  const { files, actor } = context;
  const row = files.find(fileId);
  if (row === undefined || row.sha256 === null) throw fileNotFound();
  const isSent = row.seq !== null;
  if (!isSent && row.uploaderId !== actor.identity.userId) throw fileNotFound();
  const isOpen = isSent && admitsEverybody(context);
  return { reply: { file: files.infoOf(row), key: keyOf(row), isSent, isOpen } };
};

/** Whether `assertAccess` lets every user in now. */
function admitsEverybody({ access, state, limits, members, now }: Context): boolean {
  const needsGrant = state.private || access.isDirect || limits.tokenRoomsOnly;
  return !needsGrant && !members.hasRefused(now);
}
