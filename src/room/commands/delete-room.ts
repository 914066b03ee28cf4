import type { Handler } from '../context.ts';
import { closeCodes } from '../../protocol/codes/close-codes.ts';
import { assertAdmin, assertRank } from '../access/access.ts';

/** Erases the whole room. Its name answers as if there were none, until an admin reopens it. */
export const deleteRoom: Handler<'deleteRoom'> = ({ room, access }) => {
  assertRank(access, 'owner');
  room.markDeleted();
  return { reply: {}, sendAway: { code: closeCodes.roomDeleted }, erase: true, wake: true };
};

/** Lets a deleted room begin anew; one that is there stays as it is. */
export const reopenRoom: Handler<'reopenRoom'> = (context) => {
  const { room, access, state, audit, actor, now } = context;
  assertAdmin(access);
  if (state.deletion !== null) {
    room.reopen();
    audit.add({ timestamp: now, by: actor.identity.userId, act: 'reopenRoom' });
  }
  return { reply: { room: room.info() } };
};
