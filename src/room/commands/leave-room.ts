import type { Handler } from '../context.ts';

/** Ends presence, not membership; a native socket stays and may join again. */
export const leaveRoom: Handler<'leaveRoom'> = () => ({ reply: {}, connection: { joined: false } });
