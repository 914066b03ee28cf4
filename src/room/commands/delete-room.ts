import type { Handler } from '../context.ts';
import { closeCodes } from '../../protocol/codes/close-codes.ts';
import { assertRank } from '../access/access.ts';

/** Erases the whole room. Its id answers `room_not_found` until an admin reopens it. */
export const deleteRoom: Handler<'deleteRoom'> = ({ room, access }) => {
  assertRank(access, 'owner');
  room.markDeleted();
  return { reply: {}, sendAway: { code: closeCodes.roomDeleted }, erase: true, wake: true };
};
