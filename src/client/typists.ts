import type { EventPayload } from '../protocol/events.ts';
import type { Present } from '../protocol/objects.ts';
import type { Environment } from './environment.ts';
import { presentOf } from './people.ts';

interface Typist {
  user: Present;
  forget: () => void;
}

/** The users who are typing. A notice lapses by itself. */
export class Typists {
  readonly #environment: Pick<Environment, 'after'>;
  readonly #lapsesMs: number;
  readonly #lapsed: () => void;
  readonly #typists = new Map<string, Typist>();
  #list: readonly Present[] | undefined;

  /** @param lapsed called when a notice has lapsed */
  constructor(environment: Pick<Environment, 'after'>, lapsesMs: number, lapsed: () => void) {
    this.#environment = environment;
    this.#lapsesMs = lapsesMs;
    this.#lapsed = lapsed;
  }

  /** The same list until it changes. */
  get list(): readonly Present[] {
    this.#list ??= [...this.#typists.values()].map(({ user }) => user);
    return this.#list;
  }

  heard(payload: EventPayload<'typing'>): void {
    const { userId, isTyping } = payload;
    this.stopped(userId);
    if (!isTyping) return;
    const forget = this.#environment.after(this.#lapsesMs, () => {
      this.stopped(userId);
      this.#lapsed();
    });
    this.#typists.set(userId, { user: presentOf(payload), forget });
    this.#list = undefined;
  }

  /** Said it, or left. */
  stopped(userId: string): void {
    this.#typists.get(userId)?.forget();
    if (this.#typists.delete(userId)) this.#list = undefined;
  }

  clear(): void {
    for (const userId of this.#typists.keys()) this.stopped(userId);
  }
}
