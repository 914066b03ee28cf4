import type { ErrorCode, Problem } from '../protocol/codes/errors.ts';

/**
 * A command was refused, by the server or by the client itself.
 * @example room.send('hi').catch((error) => error instanceof Refused && console.log(error.message));
 */
export class Refused extends Error {
  /** @example if (refused.code === 'muted') console.log('Wait a little.'); */
  readonly code: ErrorCode;
  /**
   * The whole problem: also `field`, `retryAfterMs`, `current` where they apply.
   * @example console.log(refused.problem.retryAfterMs ?? 0);
   */
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.name = 'Refused';
    this.code = problem.code;
    this.problem = problem;
  }
}

/** Whether the same command may be tried again later. */
export function isTemporary({ code }: Problem): boolean {
  return /^(rate_limited|slow_mode|unavailable|internal)$/.test(code);
}

function problem(code: ErrorCode, message: string): Problem {
  return { code, message };
}

/** The room was left, or has ended, before a reply. */
export const notConnected = problem('unavailable', 'The room was left; join it and try again.');

/** It is unknown whether the command was done. */
export const outcomeUnknown = problem(
  'unavailable',
  'The connection was lost; look whether it was done.',
);

export const frameTooBig = problem('too_large', 'This is too long; shorten it.');

export const tokenEnded = problem('token_expired', 'The token has ended; sign in again.');

/** The platform refuses to open a socket with this token. */
export const badToken = problem('unauthorized', 'This is no token; use it as it was signed.');

export const otherUser = problem(
  'unauthorized',
  'Another user wrote this; send it as yours, or discard it.',
);
