import type { Handler } from '../context.ts';
import { updateConnection } from '../effects.ts';

/** Ends presence, not membership; a native socket stays open and may join again. */
export const leaveRoom: Handler<'leaveRoom'> = (context) => ({
  reply: {},
  effects: updateConnection(context, { joined: false }),
});
