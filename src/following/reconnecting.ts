import { errorCodes } from '../protocol/codes/errors.ts';
import type { Result } from '../protocol/frames.ts';

/** How long a lost connection is tried again, in milliseconds. */
const RECONNECT_MS = 15_000;
const FIRST_WAIT_MS = 50;
const MAX_WAIT_MS = 3_000;

/** How often a room that cannot answer is asked again, and after how long, in milliseconds. */
const MAX_TRIES = 15;
const AGAIN_MS = 1_000;

/**
 * Makes a connection again until it succeeds, for 15 s.
 * @param attempt resolves to whether no further one is needed
 * @returns whether that was so in time
 */
export async function reconnect(
  attempt: () => Promise<boolean>,
  isOver: () => boolean,
): Promise<boolean> {
  const until = Date.now() + RECONNECT_MS;
  for (let longest = FIRST_WAIT_MS; Date.now() < until; longest *= 2) {
    if (await attempt()) return true;
    // At random, so that the links of a lost room do not come back in the same instant.
    await wait(Math.random() * Math.min(longest, MAX_WAIT_MS));
    if (isOver()) return true;
  }
  return false;
}

/** Asks again while the answer is that the room cannot answer now; the last answer counts. */
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
