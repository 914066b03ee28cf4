import { Refusal } from '../../protocol/codes/errors.ts';
import type { Limits } from '../../protocol/codes/limits.ts';
import { type Rate, TokenBucket } from '../../protocol/token-bucket.ts';
import type { Clock } from '../ports.ts';

/** The rate at which a user may give commands in a room. */
export function commandRate({ commandsPerSecond, commandBurst }: Limits): Rate {
  return { perSecond: commandsPerSecond, burst: commandBurst };
}

/** With more buckets than this, full ones are dropped: a new bucket starts full, too. */
const SWEEP_ABOVE = 1_000;

/** Token buckets in memory, one for each key: a user, a stream or an incoming webhook. */
export class RateLimits {
  readonly #rate: Rate;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, TokenBucket>();
  #sweepAbove = SWEEP_ABOVE;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** @throws Refusal `rate_limited`, with the time until the bucket holds enough again */
  charge(key: string, cost = 1): void {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(key) ?? this.#add(key, now);
    const retryAfterMs = bucket.take(now, cost);
    if (retryAfterMs === 0) return;
    throw new Refusal('rate_limited', 'Too fast; wait a moment and try again.', { retryAfterMs });
  }

  #add(key: string, now: number): TokenBucket {
    this.#sweep(now);
    const bucket = new TokenBucket(this.#rate, now);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #sweep(now: number): void {
    if (this.#buckets.size < this.#sweepAbove) return;
    for (const [key, bucket] of this.#buckets) {
      if (bucket.isFull(now)) this.#buckets.delete(key);
    }
    this.#sweepAbove = Math.max(SWEEP_ABOVE, this.#buckets.size * 2);
  }
}
