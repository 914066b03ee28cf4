/** The first wait is at most this long, in milliseconds; every further one may be twice as long. */
const FIRST_MS = 1_000;
/** No wait is longer, in milliseconds. */
const LONGEST_MS = 20_000;

/**
 * How long to wait before coming back: full jitter, so that a thousand clients that lost the same
 * server do not return in the same instant.
 *
 * @param {number} attempt how many attempts have failed in a row, from 0
 * @param {() => number} random from 0 to 1
 * @returns {number} milliseconds
 */
export function backoffMs(attempt, random = Math.random) {
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
}
