import { Refusal } from '../../protocol/codes/errors.ts';
import { fixed, type Limits } from '../../protocol/codes/limits.ts';
import type { Clock } from '../ports.ts';

interface Bucket {
  tokens: number;
  at: number;
}

/** More buckets than this and the full ones, which say nothing, are let go. */
const SWEEP_ABOVE = 1_000;

/** What each user may still do, as token buckets in memory. */
export class RateLimits {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  #sweepAbove = SWEEP_ABOVE;

  constructor(limits: Limits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** @throws Refusal `rate_limited`, with the time until there is enough again */
  charge(userId: string, command: string): void {
    // The name is whatever a client sent, "constructor" too.
    const cost = Object.hasOwn(fixed.costs, command) ? (fixed.costs[command] ?? 1) : 1;
    const now = this.#clock.now();
    const bucket = this.#buckets.get(userId) ?? this.#open(userId, now);
    this.#refill(bucket, now);
    if (bucket.tokens < cost) {
      const retryAfterMs = Math.ceil(
        ((cost - bucket.tokens) / this.#limits.commandsPerSecond) * 1_000,
      );
      throw new Refusal('rate_limited', 'Too fast; wait a moment and try again.', { retryAfterMs });
    }
    bucket.tokens -= cost;
  }

  #open(userId: string, now: number): Bucket {
    const bucket = { tokens: this.#limits.commandBurst, at: now };
    this.#sweep(now);
    this.#buckets.set(userId, bucket);
    return bucket;
  }

  #refill(bucket: Bucket, now: number): void {
    const gained = (Math.max(0, now - bucket.at) / 1_000) * this.#limits.commandsPerSecond;
    bucket.tokens = Math.min(this.#limits.commandBurst, bucket.tokens + gained);
    bucket.at = now;
  }

  #sweep(now: number): void {
    if (this.#buckets.size < this.#sweepAbove) return;
    for (const [userId, bucket] of this.#buckets) {
      this.#refill(bucket, now);
      if (bucket.tokens >= this.#limits.commandBurst) this.#buckets.delete(userId);
    }
    this.#sweepAbove = Math.max(SWEEP_ABOVE, this.#buckets.size * 2);
  }
}
