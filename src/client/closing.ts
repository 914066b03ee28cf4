import type { ErrorCode, Problem } from '../protocol/codes/errors.ts';

/** This user leaves: others see it at once. */
export const LEFT = 1000;
/** No close frame was received: the network failed. */
export const CONNECTION_LOST = 1006;
export const FRAME_TOO_BIG = 1009;
/** The server is silent. Others see this user leave only if the client does not reconnect. */
export const HEARTBEAT_LOST = 4002;
export const TOKEN_EXPIRED = 4003;
export const UNAUTHORIZED = 4500;

/** Whether to reconnect after a close: for every code below 4500, those of a lost network included. */
export function shouldReconnect(code: number): boolean {
  return code < UNAUTHORIZED || code > 4999;
}

/** The error codes of the close codes from 4500 on. */
const MEANING: ErrorCode[] = [
  'unauthorized',
  'forbidden',
  'banned',
  'room_not_found',
  'invalid_payload',
  'too_many_connections',
];

/** The problem for a final close, where the server sent only the close code and its reason. */
export function problemOf(code: number, reason: string): Problem {
  return { code: MEANING[code - UNAUTHORIZED] ?? 'invalid_payload', message: reason };
}
