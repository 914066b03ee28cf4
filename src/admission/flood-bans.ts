import { Refusal } from '../protocol/codes/errors.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import { evictExpired } from './evict-expired.ts';
import { InboundLimiter } from './inbound-limiter.ts';

/** How long somebody who was sent away is not let in again, in milliseconds. */
const AWAY_MS = 60_000;

/**
 * Who was sent away because they sent far more than they may. A host that cannot stop reading hears
 * all that is on its way to it, from each socket anew: who may come back at once takes most of its time.
 */
export class FloodBans {
  /** Until when, by user id; who was added last stands last. */
  readonly #until = new Map<string, number>();
  /** By user id; who was heard last stands last. */
  readonly #paces = new Map<string, { pace: InboundLimiter; heardAt: number }>();

  /**
   * So many commands of a user have come, over whichever socket: with a new one for each frame too big
   * none of them would be far ahead.
   * @param now epoch milliseconds
   * @returns whether they send far faster than anybody may act; then they are away
   */
  hear(userId: string, now: number, commands: number, limits: Limits): boolean {
    const { pace } = this.#paces.get(userId) ?? { pace: new InboundLimiter(limits, now) };
    this.#paces.delete(userId);
    this.#paces.set(userId, { pace, heardAt: now });
    evictExpired(this.#paces, ({ heardAt }) => heardAt <= now - AWAY_MS);
    if (!pace.isOverdrawn(now, commands)) return false;
    this.add(userId, now);
    return true;
  }

  /** @param now epoch milliseconds */
  add(userId: string, now: number): void {
    this.#until.delete(userId);
    this.#until.set(userId, now + AWAY_MS);
    evictExpired(this.#until, (until) => until <= now);
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
