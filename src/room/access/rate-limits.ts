import { Refusal } from '../../protocol/codes/errors.ts';
import type { Limits } from '../../protocol/codes/limits.ts';
import { traits } from '../../protocol/commands.ts';
import { type Rate, TokenBucket } from '../../protocol/token-bucket.ts';
import type { Clock } from '../ports.ts';

/** With more buckets than this, full ones are dropped: they are as good as none. */
const SWEEP_ABOVE = 1_000;

/** What each user may still do, as token buckets in memory. */
export class RateLimits {
  readonly #rate: Rate;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, TokenBucket>();
  #sweepAbove = SWEEP_ABOVE;

  constructor({ commandsPerSecond, commandBurst }: Limits, clock: Clock) {
    this.#rate = { perSecond: commandsPerSecond, burst: commandBurst };
    this.#clock = clock;
  }

  /** @throws Refusal `rate_limited`, with the time until there is enough again */
  charge(userId: string, command: string): void {
    const cost = traits.get(command)?.cost ?? 1;
    const now = this.#clock.now();
    const bucket = this.#buckets.get(userId) ?? this.#add(userId, now);
    const retryAfterMs = bucket.take(now, cost);
    if (retryAfterMs === 0) return;
    throw new Refusal('rate_limited', 'Too fast; wait a moment and try again.', { retryAfterMs });
  }

  #add(userId: string, now: number): TokenBucket {
    this.#sweep(now);
    const bucket = new TokenBucket(this.#rate, now);
    this.#buckets.set(userId, bucket);
    return bucket;
  }

  #sweep(now: number): void {
    if (this.#buckets.size < this.#sweepAbove) return;
    for (const [userId, bucket] of this.#buckets) {
      if (bucket.isFull(now)) this.#buckets.delete(userId);
    }
    this.#sweepAbove = Math.max(SWEEP_ABOVE, this.#buckets.size * 2);
  }
}
