/** An allowance: how fast it refills, how much can be saved up, and how much borrowed. */
export interface Rate {
  /** Tokens added a second. */
  readonly perSecond: number;
  /** The most tokens that can be saved up; a new bucket is full. */
  readonly burst: number;
  /** How far ahead of its refill a bucket may be drawn, in milliseconds; 0 unless named. */
  readonly maxWaitMs?: number;
}

/**
 * Tolerance for rounding in sums of fractions, in milliseconds, so that none makes a wait a
 * millisecond longer.
 */
const ROUNDING_MS = 1e-6;

/**
 * A token bucket: all rates are limited with it. It is part of `src/protocol`, beside the limits that
 * it applies, because rooms and the code in front of them need it.
 */
export class TokenBucket {
  readonly #rate: Rate;
  /** Below 0 while it is in debt. */
  #tokens: number;
  #at: number;

  /** @param now epoch milliseconds */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#at = now;
  }

  /**
   * Takes `cost` tokens if they are available, or will be within `maxWaitMs`. A clock that goes back
   * adds nothing and takes nothing.
   * @param now epoch milliseconds
   * @returns how long until they are available, in milliseconds: 0 for now; above `maxWaitMs`
   * nothing was taken
   */
  take(now: number, cost = 1): number {
    const { perSecond, burst, maxWaitMs = 0 } = this.#rate;
    const gained = (Math.max(0, now - this.#at) / 1_000) * perSecond;
    const tokens = Math.min(burst, this.#tokens + gained);
    const missingMs = ((cost - tokens) / perSecond) * 1_000;
    const waitMs = Math.max(0, Math.ceil(missingMs - ROUNDING_MS));
    this.#tokens = waitMs <= maxWaitMs ? tokens - cost : tokens;
    this.#at = now;
    return waitMs;
  }

  /** Whether the bucket is full, and thus equal to a new one. */
  isFull(now: number): boolean {
    const { perSecond, burst } = this.#rate;
    return this.#tokens + ((now - this.#at) / 1_000) * perSecond >= burst;
  }
}
