import type { ErrorCode } from './errors.ts';

/**
 * Why a socket is closed. 4000–4499: reconnect, with backoff and full jitter. 4500–4999: do
 * not reconnect.
 */
export const closeCodes = {
  /** Clean end by the other side. */
  normal: 1000,
  /** A frame over its limit. */
  frameTooBig: 1009,
  goingAway: 4000,
  /** The unsent bytes exceeded their limit; resume. */
  tooSlow: 4001,
  heartbeatLost: 4002,
  tokenExpired: 4003,
  unauthorized: 4500,
  kicked: 4501,
  banned: 4502,
  roomDeleted: 4503,
  protocolViolation: 4504,
  tooManyConnections: 4505,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/** The sentence that goes with a close code; at most 123 bytes, which is what a Close frame holds. */
export const closeReasons: Record<CloseCode, string> = {
  1000: 'Closed.',
  1009: 'The frame is over its limit; send smaller ones.',
  4000: 'The server is going away; connect again.',
  4001: 'Too slow to keep up; connect again and resume.',
  4002: 'No heartbeat; connect again.',
  4003: 'The token has expired; connect again with a new one.',
  4500: 'Not authorized.',
  4501: 'You were kicked out of this room.',
  4502: 'You are banned from this room.',
  4503: 'The room was deleted.',
  4504: 'The client broke the protocol.',
  4505: 'Too many connections to this room; close one first.',
};

/** The close code that goes with an error, for a connection that is closed because of it. */
export function closeCodeOf(code: ErrorCode, retryAfterMs?: number): CloseCode {
  switch (code) {
    case 'token_expired':
      return closeCodes.tokenExpired;
    case 'unauthorized':
      return closeCodes.unauthorized;
    case 'forbidden':
      return retryAfterMs === undefined ? closeCodes.unauthorized : closeCodes.kicked;
    case 'banned':
      return closeCodes.banned;
    case 'room_not_found':
      return closeCodes.roomDeleted;
    case 'too_many_connections':
      return closeCodes.tooManyConnections;
    case 'rate_limited':
    case 'slow_mode':
    case 'unavailable':
    case 'internal':
      return closeCodes.goingAway;
    default:
      return closeCodes.protocolViolation;
  }
}
