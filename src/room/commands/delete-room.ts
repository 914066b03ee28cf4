import type { Handler } from '../context.ts';
import { closeCodes } from '../../protocol/codes/close-codes.ts';
import { assertRank } from '../access/access.ts';

/** Erases the whole room. It then answers `room_not_found` until an admin reopens it. */
export const deleteRoom: Handler<'deleteRoom'> = ({ room, access }) => {
  assertRank(access, 'owner');
  room.markDeleted();
  const audience = { to: 'everyone' as const };
  return {
    reply: {},
    effects: [
      { type: 'disconnect', audience, code: closeCodes.roomDeleted, leave: 'kicked' },
      { type: 'eraseStorage' },
      { type: 'wake' },
    ],
  };
};
