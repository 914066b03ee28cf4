import { fixed } from '../../protocol/codes/limits.ts';
import { TokenBucket } from '../../protocol/token-bucket.ts';
import type { Audience } from '../broadcast/audience.ts';
import type { Outbox } from '../broadcast/outbox.ts';
import type { Clock, Timer } from '../ports.ts';

/** An application's own event that is to be passed on. */
export interface Signal {
  name: string;
  args: readonly unknown[];
  /** The sender. */
  userId: string;
  audience: Audience;
}

/** Senders whose rates are kept; with more, those who have not sent lately are dropped. */
const MAX_SENDERS = 1_000;

/**
 * Passes signals on within the rates of the room and of each user. Signals above a rate wait; of one
 * sender, name and receiving user only the newest waits, so memory stays bounded and the last state of
 * every user arrives.
 */
export class Signals {
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #waiting = new Map<string, Signal>();
  readonly #senders = new Map<string, TokenBucket>();
  readonly #room: TokenBucket;
  #isTimerSet = false;

  constructor(outbox: Outbox, clock: Clock, timer: Timer) {
    this.#outbox = outbox;
    this.#clock = clock;
    this.#timer = timer;
    const perSecond = fixed.signalsPerSecond.room;
    this.#room = new TokenBucket({ perSecond, burst: perSecond }, clock.now());
  }

  add(signal: Signal): void {
    const { name, userId, audience } = signal;
    const to = audience.to === 'user' ? audience.userId : null;
    this.#waiting.set(JSON.stringify([userId, name, to]), signal);
    this.#send();
  }

  #send(): void {
    const now = this.#clock.now();
    for (const [key, { name, args, userId, audience }] of this.#waiting) {
      if (this.#senderOf(userId, now).take(now) > 0) continue;
      if (this.#room.take(now) > 0) break;
      this.#waiting.delete(key);
      const [payload, ...more] = args;
      this.#outbox.broadcast({ name, payload, more }, audience);
    }
    if (this.#waiting.size === 0 || this.#isTimerSet) return;
    this.#isTimerSet = true;
    this.#timer.after(fixed.signalsEveryMs, () => {
      this.#isTimerSet = false;
      this.#send();
    });
  }

  #senderOf(userId: string, now: number): TokenBucket {
    const known = this.#senders.get(userId);
    if (known !== undefined) return known;
    if (this.#senders.size >= MAX_SENDERS) this.#forget(now);
    const perSecond = fixed.signalsPerSecond.user;
    const bucket = new TokenBucket({ perSecond, burst: perSecond }, now);
    this.#senders.set(userId, bucket);
    return bucket;
  }

  #forget(now: number): void {
    for (const [userId, bucket] of this.#senders) {
      if (bucket.isFull(now)) this.#senders.delete(userId);
    }
  }
}
