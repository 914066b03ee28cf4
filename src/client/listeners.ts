import { Stream } from './stream.ts';

/** Listeners by the name of what they listen to, and streams of the same. */
export class Listeners<Events extends object> {
  readonly #all = new Map<keyof Events, Set<(payload: never) => unknown>>();
  /** Each stream, and what feeds it. */
  readonly #streams = new Map<Stream<unknown>, (name: keyof Events, payload: unknown) => void>();
  /** What asynchronous listeners have begun and not ended. */
  readonly #begun = new Set<Promise<unknown>>();

  /** @returns ends it */
  on<N extends keyof Events>(name: N, listener: (payload: Events[N]) => unknown): () => void {
    const listeners = this.#all.get(name) ?? new Set();
    this.#all.set(name, listeners);
    // One of its own, so that the same function can listen twice and be taken away once.
    const own = (payload: Events[N]) => listener(payload);
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  tell<N extends keyof Events>(name: N, payload: Events[N]): void {
    for (const listener of this.#all.get(name) ?? []) {
      this.#call(listener as (payload: Events[N]) => unknown, payload);
    }
  }

  /** Tells listeners and streams of an event of the room. */
  emit<N extends keyof Events>(name: N, payload: Events[N]): void {
    this.tell(name, payload);
    for (const feed of this.#streams.values()) feed(name, payload);
  }

  /**
   * Resolves when every event emitted until now was handled: asynchronous listeners have ended, and
   * loops have come back for more. Rejects when such a listener fails.
   */
  handled(): Promise<unknown> {
    const drained = [...this.#streams.keys()].map((stream) => stream.drained);
    return Promise.all([...this.#begun, ...drained]);
  }

  /**
   * Events from now on, until the room or the loop is left. Those that are not taken yet wait.
   * @param pick makes an item of an event, or undefined to leave it out
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

  /** Ends the streams; what waits in them can still be taken. */
  endStreams(): void {
    for (const stream of this.#streams.keys()) stream.end();
    this.#streams.clear();
  }

  /** A listener that throws is its owner's defect, and keeps no other from its event. */
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

  /** Throws an error where no caller catches it. */
  readonly report = (error: unknown): void => {
    queueMicrotask(() => {
      throw error;
    });
  };
}
