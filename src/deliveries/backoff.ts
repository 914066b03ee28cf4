const SECOND_MS = 1_000;

/** The longest wait before the next attempt at a delivery, in milliseconds. */
export const MAX_BACKOFF_MS = 3_600_000;

/**
 * How long to wait after a failed attempt, in milliseconds: 1 s at first, then twice as long each time,
 * up to an hour. Half of it is random, so that targets that failed together are not tried again
 * together.
 * @param attempt how many attempts had failed before
 * @param random from 0 to 1
 */
export function backoffMs(attempt: number, random: number): number {
  const longest = Math.min(SECOND_MS * 2 ** attempt, MAX_BACKOFF_MS);
  return Math.ceil((longest * (1 + random)) / 2);
}

/** A hash of a text, as a fraction from 0 to 1; of a random id, a random fraction. */
export function fractionOf(id: string): number {
  let hash = 0;
  for (let at = 0; at < id.length; at++) hash = (hash * 31 + id.charCodeAt(at)) % 65_521;
  return hash / 65_521;
}
