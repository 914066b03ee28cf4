import { type ErrorCode, errorCodes } from '../protocol/codes/errors.ts';
import { REFUSAL_DELAY_MS } from './policies.ts';

const tooManyRequests = errorCodes.rate_limited.status;

/** Await this before answering with an HTTP status. Only a 429 is delayed. */
export async function delayRefusal(status: number): Promise<void> {
  if (status === tooManyRequests) await delayAnswer();
}

/**
 * Delay before a 429, doubled at random: makes a retry loop pointless and spreads the retries. Also for
 * handshakes when too many are pending, from all addresses together.
 */
export async function delayAnswer(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, REFUSAL_DELAY_MS * (1 + Math.random()));
  });
}

/** Await this before sending a refusal over a socket. */
export function delayRefusalOf(code: ErrorCode): Promise<void> {
  return delayRefusal(errorCodes[code].status);
}
