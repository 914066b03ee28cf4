import type { EventName, EventPayload } from '../../src/protocol/events.ts';
import type { Heard } from './visitor.ts';

/** The timeout of all waits, in milliseconds. */
const PATIENCE_MS = 120_000;

interface Waiter {
  look: () => boolean;
  fail: (error: Error) => void;
}

/** Everything that a visitor has received, and the waits for more. */
export class Inbox {
  readonly stream: Heard[] = [];
  readonly #waiters = new Set<Waiter>();

  add(heard: Heard): void {
    this.stream.push(heard);
    this.changed();
  }

  /** Checks all waits again, because something they look at may have changed. */
  changed(): void {
    for (const waiter of this.#waiters) {
      try {
        if (waiter.look()) this.#waiters.delete(waiter);
      } catch (error) {
        this.#waiters.delete(waiter);
        waiter.fail(error as Error);
      }
    }
  }

  heard<N extends EventName>(name: N): EventPayload<N>[] {
    return this.stream
      .filter((heard) => heard.kind === 'event' && heard.name === name)
      .map((heard) => heard.payload as EventPayload<N>);
  }

  hears<N extends EventName>(
    name: N,
    fits: (payload: EventPayload<N>) => boolean = () => true,
  ): Promise<EventPayload<N>> {
    return this.until(`event ${name}`, () => this.heard(name).find(fits));
  }

  until<T>(what: string, look: () => T | undefined | false): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        const last = JSON.stringify(this.stream.slice(-5)).slice(0, 2_000);
        const count = this.stream.length;
        reject(new Error(`Waited in vain for ${what}; of ${count} heard the last: ${last}`));
      }, PATIENCE_MS);
      const waiter: Waiter = {
        look: () => {
          const found = look();
          if (found === undefined || found === false) return false;
          clearTimeout(timer);
          resolve(found);
          return true;
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiters.add(waiter);
      this.changed();
    });
  }
}
