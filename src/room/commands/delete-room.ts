import type { Handler } from '../context.ts';
import { closeCodes } from '../../protocol/codes/close-codes.ts';
import { assertAdmin, assertRank } from '../access/access.ts';

/** Erases the whole room. Its name answers as if there were none, until an admin reopens it. */
export const deleteRoom: Handler<'deleteRoom'> = ({ room, standing }) => {
  assertRank(standing, 'owner');
  room.markDeleted();
  return { reply: {}, sendAway: { code: closeCodes.roomDeleted }, erase: true, wake: true };
};

/** Lets a deleted room begin anew; one that is there stays as it is. */
export const reopenRoom: Handler<'reopenRoom'> = (context) => {
  const { room, standing, state, audit, speaker, now } = context;
  assertAdmin(standing);
  if (state.deletion !== null) {
    room.reopen();
    audit.add({ timestamp: now, by: speaker.identity.userId, act: 'reopenRoom' });
  }
  return { reply: { room: room.info() } };
};
