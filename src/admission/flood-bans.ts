import { Refusal } from '../protocol/codes/errors.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import type { TokenBucket } from '../protocol/token-bucket.ts';
import { evictExpired } from './evict-expired.ts';
import { ExpiringMap } from './expiring-map.ts';
import { inboundLimiter } from './inbound-limiter.ts';
import { BAN_MS, IDLE_MS, MAX_AHEAD_MS } from './policies.ts';

/**
 * Users who are banned for a while because they sent far more than any user may. A host that cannot
 * stop reading receives everything a client sends, on each new socket again: a user who could reconnect
 * at once would take most of its time.
 */
export class FloodBans {
  /** The end of each ban in epoch milliseconds, by user id; the last added is last. */
  readonly #until = new Map<string, number>();
  /** Limiters, by user id. */
  readonly #limiters = new ExpiringMap<TokenBucket>(IDLE_MS);

  /**
   * Counts commands received from a user over all their sockets, and bans a user who is too far ahead:
   * a user who opens a new socket for each oversized frame would never be far ahead on any single one.
   * @param now epoch milliseconds
   * @returns whether the user is banned now
   */
  countCommands(userId: string, now: number, commands: number, limits: Limits): boolean {
    const limiter = this.#limiters.getOrAdd(userId, now, () => inboundLimiter(limits, now));
    if (limiter.take(now, commands) <= MAX_AHEAD_MS) return false;
    this.add(userId, now);
    return true;
  }

  /** @param now epoch milliseconds */
  add(userId: string, now: number): void {
    this.#until.delete(userId);
    this.#until.set(userId, now + BAN_MS);
    evictExpired(this.#until, (until) => until <= now);
  }

  /** @throws Refusal `rate_limited`, with the time until the ban ends */
  assertNotBanned(userId: string, now: number): void {
    const retryAfterMs = Math.min((this.#until.get(userId) ?? 0) - now, BAN_MS);
    if (retryAfterMs <= 0) return;
    throw new Refusal('rate_limited', 'You sent far too much; wait a minute and come back.', {
      retryAfterMs,
    });
  }
}
