import type { ErrorCode, Problem } from '../protocol/codes/errors.ts';

/** This user leaves, at once. */
export const LEFT = 1000;
/** Without a close frame: the network. */
export const CONNECTION_LOST = 1006;
export const FRAME_TOO_BIG = 1009;
/** The server is silent. Others see this user leave only if the client does not come back. */
export const HEARTBEAT_LOST = 4002;
export const TOKEN_EXPIRED = 4003;
export const UNAUTHORIZED = 4500;

/** Whether to come back after a close. Everything below 4500 says so, the network's codes included. */
export function shouldComeBack(code: number): boolean {
  return code < UNAUTHORIZED || code > 4999;
}

/** From 4500 on. */
const MEANING: ErrorCode[] = [
  'unauthorized',
  'forbidden',
  'banned',
  'room_not_found',
  'invalid_payload',
  'too_many_connections',
];

/** What an end that is final means, where the server said nothing before it but its reason. */
export function problemOf(code: number, reason: string): Problem {
  return { code: MEANING[code - UNAUTHORIZED] ?? 'invalid_payload', message: reason };
}
