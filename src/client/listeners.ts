import { Stream } from './stream.ts';

/** Listeners by the name of their event, and streams of events. */
export class Listeners<Events extends object> {
  readonly #all = new Map<keyof Events, Set<(payload: never) => unknown>>();
  /** Each stream, and the function that feeds it. */
  readonly #streams = new Map<Stream<unknown>, (name: keyof Events, payload: unknown) => void>();
  /** Promises of asynchronous listeners that have not ended. */
  readonly #begun = new Set<Promise<unknown>>();

  /** @returns removes the listener */
  on<N extends keyof Events>(name: N, listener: (payload: Events[N]) => unknown): () => void {
    const listeners = this.#all.get(name) ?? new Set();
    this.#all.set(name, listeners);
    // A function of its own, so that the same listener can be added twice and removed once.
    const own = (payload: Events[N]) => listener(payload);
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  notify<N extends keyof Events>(name: N, payload: Events[N]): void {
    for (const listener of this.#all.get(name) ?? []) {
      this.#call(listener as (payload: Events[N]) => unknown, payload);
    }
  }

  /** Passes an event of the room to its listeners and to all streams. */
  emit<N extends keyof Events>(name: N, payload: Events[N]): void {
    this.notify(name, payload);
    for (const feed of this.#streams.values()) feed(name, payload);
  }

  /**
   * Resolves when every event emitted until now is handled: asynchronous listeners have ended, and
   * loops have asked for the next item. Rejects when such a listener fails.
   */
  handled(): Promise<unknown> {
    const drained = [...this.#streams.keys()].map((stream) => stream.drained);
    return Promise.all([...this.#begun, ...drained]);
  }

  /**
   * Events from now on, until the room or the loop is left. Events wait until the loop takes them.
   * @param pick makes an item from an event, or returns undefined to leave it out
   */
  stream<T>(
    pick: (name: keyof Events, payload: unknown) => T | undefined,
  ): AsyncIterableIterator<T> {
    const stream = new Stream<T>();
    this.#streams.set(stream, (name, payload) => {
      const item = pick(name, payload);
      if (item !== undefined) stream.push(item);
    });
    return stream.items(() => this.#streams.delete(stream));
  }

  /** Ends the streams; items that wait can still be taken. */
  endStreams(): void {
    for (const stream of this.#streams.keys()) stream.end();
    this.#streams.clear();
  }

  /** A listener that throws must not keep other listeners from the event. */
  #call<T>(listener: (payload: T) => unknown, payload: T): void {
    try {
      const result = listener(payload);
      if (!(result instanceof Promise)) return;
      this.#begun.add(result);
      result.finally(() => this.#begun.delete(result)).catch(this.report);
    } catch (error) {
      this.report(error);
    }
  }

  /** Throws an error where no caller catches it, so that the platform reports it. */
  readonly report = (error: unknown): void => {
    queueMicrotask(() => {
      throw error;
    });
  };
}
