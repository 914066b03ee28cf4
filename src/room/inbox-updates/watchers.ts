import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import { TokenBucket } from '../../protocol/token-bucket.ts';
import type { UpkeepContext } from '../context.ts';
import type { Clock, Courier, Timer } from '../ports.ts';
import { INBOX_TARGET } from './evaluate.ts';
import { liveState } from './state.ts';

interface WatcherPorts {
  clock: Clock;
  timer: Timer;
  courier?: Courier;
  context: () => UpkeepContext;
}

/**
 * Users who see the room in their list of rooms: their inboxes get each change as it happens, one user
 * at a time, the newest state only. Kept in memory only, and the inbox does not store these states.
 */
export class Watchers {
  readonly #ports: WatcherPorts;
  /** The time until which each user watches, in epoch milliseconds. */
  readonly until = new Map<string, number>();
  /** Users whose inbox was not sent the newest state yet. */
  readonly #waiting = new Set<string>();
  readonly #calls: TokenBucket;
  #isTimerSet = false;

  constructor(ports: WatcherPorts) {
    this.#ports = ports;
    this.#calls = new TokenBucket(inboxLimits.watcherCalls, ports.clock.now());
  }

  watch(userId: string, until: number): void {
    this.until.set(userId, until);
  }

  /** Sends the newest state to all watchers, one by one: something has changed in the room. */
  changed(): void {
    for (const userId of this.until.keys()) this.#waiting.add(userId);
    this.#later();
  }

  #later(): void {
    if (this.#isTimerSet || this.#waiting.size === 0) return;
    this.#isTimerSet = true;
    const { clock, timer } = this.#ports;
    const waitMs = Math.max(inboxLimits.watcherEveryMs, this.#calls.take(clock.now()));
    timer.after(waitMs, () => {
      this.#isTimerSet = false;
      this.#sendNext();
      this.#later();
    });
  }

  #sendNext(): void {
    const context = this.#ports.context();
    for (const userId of this.#waiting) {
      this.#waiting.delete(userId);
      if ((this.until.get(userId) ?? 0) > context.now) {
        this.#send(context, userId);
        return;
      }
      this.until.delete(userId);
    }
  }

  #send(context: UpkeepContext, userId: string): void {
    const target = `${INBOX_TARGET}${userId}`;
    const body = JSON.stringify({ ...liveState(context, userId), live: true });
    const delivery = { target, key: context.roomId, version: 0, attempt: 0, body };
    this.#ports.courier?.send(target, [delivery], () => undefined);
  }
}
