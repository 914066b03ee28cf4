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
 * sender, name and receiving user only the newest waits, so the last state of every user arrives. Those
 * of one sender and those of the room that may wait are bounded; beyond that, a sender's oldest is
 * dropped, even the only one where thousands of senders wait.
 */
export class Signals {
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #timer: Timer;
  /** The waiting signals of each user, oldest first; the user whose turn is next comes first. */
  readonly #waiting = new Map<string, Map<string, Signal>>();
  /** The waiting signals of all users. */
  #total = 0;
  readonly #senders = new Map<string, TokenBucket>();
  readonly #room: TokenBucket;
  /** Whether the room's rate is used up: until the timer, all signals wait for their turn. */
  #isRoomBusy = false;
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
    const own = this.#waiting.get(userId) ?? new Map<string, Signal>();
    const key = JSON.stringify([name, to]);
    if (!own.has(key)) this.#total++;
    this.#waiting.set(userId, own.set(key, signal));
    this.#keepBounds(userId, own, key);
    if (!this.#isRoomBusy) this.#sendOne(userId, this.#clock.now());
    this.#awaitTimer();
  }

  /** Drops what is too much after a user's signal of that key was added, and never that one. */
  #keepBounds(userId: string, own: Map<string, Signal>, key: string): void {
    const { user, room } = fixed.waitingSignals;
    const most = Math.min(user, Math.max(1, Math.floor(room / this.#waiting.size)));
    const newest = own.get(key);
    // A signal that replaces another keeps its place, which may be the first.
    if (own.size > most && newest !== undefined && own.delete(key)) own.set(key, newest);
    while (own.size > most) this.#take(userId);
    const [first = userId] = this.#waiting.keys();
    // Users who came when fewer waited may have more than their share.
    if (this.#total > room) this.#take(first);
  }

  /** Drops the waiting signals of a user who has left or may not send any more. */
  forget(userId: string): void {
    this.#total -= this.#waiting.get(userId)?.size ?? 0;
    this.#waiting.delete(userId);
  }

  #awaitTimer(): void {
    if (this.#waiting.size === 0 || this.#isTimerSet) return;
    this.#isTimerSet = true;
    this.#timer.after(fixed.signalsEveryMs, () => {
      this.#isTimerSet = false;
      this.#isRoomBusy = false;
      const now = this.#clock.now();
      // A user whose signal was sent comes last, and has another turn in this loop.
      for (const userId of this.#waiting.keys()) {
        this.#sendOne(userId, now);
        if (this.#isRoomBusy) break;
      }
      this.#awaitTimer();
    });
  }

  /** Sends a user's oldest signal, unless a rate is used up. */
  #sendOne(userId: string, now: number): void {
    if (this.#senderOf(userId, now).take(now) > 0) return;
    this.#isRoomBusy = this.#room.take(now) > 0;
    const signal = this.#isRoomBusy ? undefined : this.#take(userId);
    if (signal === undefined) return;
    const { name, audience } = signal;
    const [payload, ...more] = signal.args;
    this.#outbox.broadcast({ name, payload, more }, audience);
  }

  /** Takes a user's oldest signal; the turn for the next one comes after those of all other users. */
  #take(userId: string): Signal | undefined {
    const own = this.#waiting.get(userId);
    const [first] = own ?? [];
    if (own === undefined || first === undefined) return undefined;
    const [key, signal] = first;
    own.delete(key);
    this.#total--;
    this.#waiting.delete(userId);
    if (own.size > 0) this.#waiting.set(userId, own);
    return signal;
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
