import { type ErrorCode, errorCodes } from '../protocol/codes/errors.ts';

/**
 * Who asks faster than they may is answered so much later, in milliseconds: to ask again at once must
 * not be worth it, and refusing takes time that is others'. Up to twice as much, by chance: what is
 * refused together must not come back together.
 */
const TOO_FAST_MS = 250;

const tooManyRequests = errorCodes.rate_limited.status;

/** To be awaited before an HTTP status is answered. */
export async function delayRefusal(status: number): Promise<void> {
  if (status === tooManyRequests) await delayAnswer();
}

/** To be awaited before what too many want at once, whoever they are. */
export async function delayAnswer(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, TOO_FAST_MS * (1 + Math.random()));
  });
}

/** To be awaited before a refusal is told over a socket. */
export function delayRefusalOf(code: ErrorCode): Promise<void> {
  return delayRefusal(errorCodes[code].status);
}
