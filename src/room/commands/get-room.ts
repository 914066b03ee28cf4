import type { Handler } from '../context.ts';

/** The room as it stands, for whoever asks over HTTP. */
export const getRoom: Handler<'getRoom'> = ({ room, state, presence }) => ({
  reply: { room: room.info(state), onlineCount: presence.count },
});
