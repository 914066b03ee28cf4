import { Refusal } from '../protocol/errors.ts';

/** How long somebody who was sent away is not let in again, in milliseconds. */
const AWAY_MS = 60_000;

/**
 * Who was sent away because they sent far more than they may. A host that cannot stop reading hears
 * all that is on its way to it, from each socket anew: who may come back at once takes most of its time.
 */
export class SentAway {
  /** Until when, by user id; who was added last stands last. */
  readonly #until = new Map<string, number>();

  /** @param now epoch milliseconds */
  add(userId: string, now: number): void {
    this.#until.delete(userId);
    this.#until.set(userId, now + AWAY_MS);
    for (const [other, until] of this.#until) {
      if (until > now) return;
      this.#until.delete(other);
    }
  }

  /** @throws Refusal `rate_limited`, with the time until they may come back */
  assertBack(userId: string, now: number): void {
    const retryAfterMs = Math.min((this.#until.get(userId) ?? 0) - now, AWAY_MS);
    if (retryAfterMs <= 0) return;
    throw new Refusal('rate_limited', 'You sent far too much; wait a minute and come back.', {
      retryAfterMs,
    });
  }
}
