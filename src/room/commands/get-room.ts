import type { Handler } from '../context.ts';

/** The room's settings and counts, over HTTP. */
export const getRoom: Handler<'getRoom'> = ({ room, state, presence }) => ({
  reply: { room: room.info(state), onlineCount: presence.count },
});
