import { events } from '../../protocol/events.ts';
import type { Clock } from '../ports.ts';

interface Notice {
  at: number;
  isTyping: boolean;
}

/** The last typing notice of each user, so that one is broadcast at most every 3 s. */
export class Typing {
  readonly #clock: Clock;
  /** By user, the oldest first. */
  readonly #notices = new Map<string, Notice>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Whether to broadcast a notice now. The end of typing is broadcast only if its beginning was, and
   * has not lapsed.
   */
  shouldBroadcast(userId: string, isTyping: boolean): boolean {
    const now = this.#clock.now();
    const last = this.#notices.get(userId);
    const since = last === undefined ? Infinity : Math.abs(now - last.at);
    if (isTyping) {
      if (since < events.typing.everyMs) return false;
      this.#notices.delete(userId);
      this.#notices.set(userId, { at: now, isTyping });
      this.#dropLapsed(now);
      return true;
    }
    if (last === undefined || !last.isTyping || since > events.typing.lapsesMs) return false;
    last.isTyping = false;
    return true;
  }

  /** Ends typing without a notice: the user has sent a message. */
  end(userId: string): void {
    const last = this.#notices.get(userId);
    if (last !== undefined) last.isTyping = false;
  }

  /** How many users' notices are kept. */
  get count(): number {
    return this.#notices.size;
  }

  /** Drops notices that are too old to make a difference: of users who were disconnected, too. */
  #dropLapsed(now: number): void {
    for (const [userId, { at }] of this.#notices) {
      if (Math.abs(now - at) <= events.typing.lapsesMs) return;
      this.#notices.delete(userId);
    }
  }

  forget(userId: string): void {
    this.#notices.delete(userId);
  }
}
