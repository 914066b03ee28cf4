import type { Handler } from '../context.ts';
import { assertAdmin } from '../access/access.ts';

/** Reopens a deleted room, empty; a room that is not deleted stays as it is. */
export const reopenRoom: Handler<'reopenRoom'> = (context) => {
  const { room, access, state, audit, actor, now } = context;
  assertAdmin(access);
  if (state.deletion !== null) {
    room.reopen();
    audit.add({ timestamp: now, by: actor.identity.userId, act: 'reopenRoom' });
  }
  return { reply: { room: room.info() } };
};
