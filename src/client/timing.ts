/** The client's intervals and time-outs, in milliseconds. Each can be set in `connect`. */
export interface Timing {
  /** Time between two pings. The server counts a socket as lost after 60 s without one. */
  pingEveryMs: number;
  /** How long the server may take to answer anything after a command or a ping. */
  answerMs: number;
  /** The first wait before reconnecting is at most this long; each further one up to twice as long. */
  retryFirstMs: number;
  /** The longest wait before reconnecting, unless the server asks for a longer one. */
  retryLongestMs: number;
  /** A connection that lasted this long counts as a success: the next wait is short again. */
  steadyMs: number;
  /** The wait after a temporary refusal without `retryAfterMs`. */
  againMs: number;
  /** Time between two typing notices of this user; the room drops one within 3 s of the last. */
  typingEveryMs: number;
  /** How long a typing notice is shown, as the protocol defines. */
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

/** A token is renewed after this part of its remaining lifetime, plus a random part up to the spread. */
const RENEW_AFTER = 0.7;
const RENEW_SPREAD = 0.15;

/**
 * How long to wait before renewing a token.
 * @param left time until it expires, in milliseconds
 * @param random from 0 to 1
 */
export function renewalMs({ againMs }: Timing, left: number, random: number): number {
  return Math.max(left * (RENEW_AFTER + RENEW_SPREAD * random), againMs);
}

/** Slow networks get more time with each failed attempt, up to this many. */
const MAX_PATIENCE = 5;

/** How long the first reply may take at this attempt, in milliseconds. */
export function replyTimeoutMs({ answerMs }: Timing, failures: number): number {
  return answerMs * (1 + Math.min(failures, MAX_PATIENCE));
}

/**
 * How long to wait before reconnecting, in milliseconds: full jitter, so that a thousand clients that
 * lost the same server do not return in the same instant.
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
