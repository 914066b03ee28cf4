/** When the client does what, in milliseconds. Each can be set in `connect`. */
export interface Timing {
  /** Between two signs of life. The server takes a socket for lost after 60 s without. */
  pingEveryMs: number;
  /** How long the server may take to say anything after it was asked something. */
  answerMs: number;
  /** The first wait before coming back is at most this long; each further one up to twice as long. */
  retryFirstMs: number;
  /** No wait before coming back is longer, unless the server asks for it. */
  retryLongestMs: number;
  /** A connection that held for so long counts as a success: the next wait is short again. */
  steadyMs: number;
  /** After a refusal that passes without saying when, in milliseconds. */
  againMs: number;
  /** Between two notices that this user is typing; the room drops those within 3 s. */
  typingEveryMs: number;
  /** How long a typing notice is current, as the protocol says. */
  typingLapsesMs: number;
}

/** @example connect({ token, timing: { pingEveryMs: defaultTiming.pingEveryMs / 2 } }); */
export const defaultTiming: Timing = {
  pingEveryMs: 25_000,
  answerMs: 10_000,
  retryFirstMs: 1_000,
  retryLongestMs: 30_000,
  steadyMs: 10_000,
  againMs: 1_000,
  typingEveryMs: 3_500,
  typingLapsesMs: 6_000,
};

/** A token is renewed after this part of its remaining life, and up to as much again at random. */
const RENEW_AFTER = 0.7;
const RENEW_SPREAD = 0.15;

/**
 * How long to wait before renewing a token.
 * @param left until it ends, in milliseconds
 * @param random from 0 to 1
 */
export function renewalMs({ againMs }: Timing, left: number, random: number): number {
  return Math.max(left * (RENEW_AFTER + RENEW_SPREAD * random), againMs);
}

/** Slow networks get more time with every attempt, up to so much more, in attempts. */
const MAX_PATIENCE = 5;

/** How long the first word of a room may take at this attempt. */
export function patienceMs({ answerMs }: Timing, failures: number): number {
  return answerMs * (1 + Math.min(failures, MAX_PATIENCE));
}

/**
 * How long to wait before coming back: full jitter, so that a thousand clients that lost the same
 * server do not return in the same instant.
 * @param failures attempts that have failed in a row
 * @param random from 0 to 1
 */
export function backoffMs(
  { retryFirstMs, retryLongestMs }: Timing,
  failures: number,
  random: number,
): number {
  return random * Math.min(retryLongestMs, retryFirstMs * 2 ** failures);
}
