import { errorCodes } from '../protocol/codes/errors.ts';
import type { Result } from '../protocol/frames.ts';

/** How long to try to reconnect, in milliseconds. */
const RECONNECT_MS = 15_000;
const FIRST_WAIT_MS = 50;
const MAX_WAIT_MS = 3_000;

/** How often a room that cannot answer is asked, and the wait in between, in milliseconds. */
const MAX_TRIES = 15;
const AGAIN_MS = 1_000;

/**
 * Tries to reconnect until it succeeds, for 15 s.
 * @param attempt resolves to whether no further one is needed
 * @returns false when the time is up
 */
export async function reconnect(
  attempt: () => Promise<boolean>,
  isOver: () => boolean,
): Promise<boolean> {
  const until = Date.now() + RECONNECT_MS;
  for (let longest = FIRST_WAIT_MS; Date.now() < until; longest *= 2) {
    if (await attempt()) return true;
    // Random, so that the links of a lost room do not reconnect in the same instant.
    await wait(Math.random() * Math.min(longest, MAX_WAIT_MS));
    if (isOver()) return true;
  }
  return false;
}

/** Asks again while the error is temporary, such as `unavailable`; returns the last answer. */
export async function askAgain<R extends object>(
  ask: () => Promise<Result<R>>,
  isOver: () => boolean,
): Promise<Result<R>> {
  for (let tries = 1; ; tries++) {
    const result = await ask();
    if (result.ok) return result;
    const { code, retryAfterMs = AGAIN_MS } = result.error;
    if (!errorCodes[code].temporary || tries === MAX_TRIES) return result;
    await wait(retryAfterMs);
    if (isOver()) return result;
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
