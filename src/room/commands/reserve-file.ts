import { Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import { assertMaySend } from '../access/access.ts';
import type { Context, Handler } from '../context.ts';
import { findUnsent } from '../files/find-file.ts';
import { keyOf, msUntilNextDay, weightOf } from '../storage/files.ts';

/** Reserves a file that is about to be uploaded. It is deleted after a day unless a message names it. */
export const reserveFile: Handler<'reserveFile'> = (context, { name, size, previewOf }) => {
  const { files, room, ids, access, state, now, actor } = context;
  const { userId } = actor.identity;
  assertMaySend(access, state, now);
  // A guest has a new user id in each request, so no message could ever name the file.
  if (actor.identity.guest === true) throw new Refusal('forbidden', 'Sign in to upload files.');
  if (previewOf !== undefined) findUnsent(context, previewOf);
  assertQuotas(context, size);
  const { epoch, sweepFilesAt } = room.ensure();
  if (sweepFilesAt === null) room.sweepFilesAt(now + fixed.sweepFilesMs);
  const file = { fileId: ids.make(), epoch, uploaderId: userId, name, size };
  const expiresAt = now + fixed.pendingFileMs;
  files.reserve({ ...file, previewOf: previewOf ?? null, expiresAt });
  files.use(userId, weightOf(size), now);
  return { reply: { fileId: file.fileId, key: keyOf(file) }, effects: [{ type: 'wake' }] };
};

/** @throws Refusal `too_large`, or `rate_limited` until the day is over */
function assertQuotas({ files, limits, state, actor, now }: Context, size: number): void {
  const { fileBytes, roomFileBytes, userFileBytes } = limits;
  if (size > fileBytes) {
    throw new Refusal('too_large', `Keep a file under ${fileBytes} bytes.`);
  }
  if ((state.fileBytes ?? 0) + weightOf(size) > roomFileBytes) {
    throw new Refusal(
      'too_large',
      'The files of this room take all the space there is; delete some.',
    );
  }
  if (files.usedBy(actor.identity.userId, now) + weightOf(size) > userFileBytes) {
    throw new Refusal('rate_limited', 'You have uploaded enough here for today; go on tomorrow.', {
      retryAfterMs: msUntilNextDay(now),
    });
  }
}
