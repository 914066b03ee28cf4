import { type ErrorCode, errorCodes } from '../protocol/codes/errors.ts';
import { REFUSAL_DELAY_MS } from './policies.ts';

const tooManyRequests = errorCodes.rate_limited.status;

/** To be awaited before an HTTP status is answered. Only a 429 is delayed. */
export async function delayRefusal(status: number): Promise<void> {
  if (status === tooManyRequests) await delayAnswer();
}

/**
 * Delay before a 429, doubled at random: makes a retry loop pointless and spreads the retries. Also for
 * handshakes when there are too many, from all addresses together.
 */
export async function delayAnswer(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, REFUSAL_DELAY_MS * (1 + Math.random()));
  });
}

/** To be awaited before a refusal is sent over a socket. */
export function delayRefusalOf(code: ErrorCode): Promise<void> {
  return delayRefusal(errorCodes[code].status);
}
