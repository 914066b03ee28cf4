import type { EventPayload } from '../protocol/events.ts';
import type { Present } from '../protocol/objects.ts';
import type { Environment } from './environment.ts';
import { presentOf } from './people.ts';
import { Timers } from './timers.ts';

/** The users who are typing. A notice ends by itself after `lapsesMs`. */
export class Typists {
  readonly #timers: Timers<string>;
  readonly #lapsesMs: number;
  readonly #lapsed: () => void;
  readonly #users = new Map<string, Present>();
  #list: readonly Present[] | undefined;

  /** @param lapsed called when a notice has lapsed */
  constructor(environment: Pick<Environment, 'after'>, lapsesMs: number, lapsed: () => void) {
    this.#timers = new Timers(environment);
    this.#lapsesMs = lapsesMs;
    this.#lapsed = lapsed;
  }

  /** The users who are typing; the same array until that changes. */
  get list(): readonly Present[] {
    return (this.#list ??= [...this.#users.values()]);
  }

  update(payload: EventPayload<'typing'>): void {
    const { userId, isTyping } = payload;
    this.stopped(userId);
    if (!isTyping) return;
    this.#users.set(userId, presentOf(payload));
    this.#timers.set(userId, this.#lapsesMs, () => {
      this.stopped(userId);
      this.#lapsed();
    });
    this.#list = undefined;
  }

  /** The user has sent a message, has stopped typing, or has left. */
  stopped(userId: string): void {
    this.#timers.stop(userId);
    if (this.#users.delete(userId)) this.#list = undefined;
  }

  clear(): void {
    for (const userId of this.#users.keys()) this.stopped(userId);
  }
}
