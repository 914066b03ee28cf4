/** Listeners by the name of what they listen to, and streams of the same. */
export class Listeners<Events extends object> {
  readonly #all = new Map<keyof Events, Set<(payload: never) => void>>();
  /** What each stream hears with, and what ends it. */
  readonly #streams = new Map<(name: keyof Events, payload: unknown) => void, () => void>();

  /** @returns ends it */
  on<N extends keyof Events>(name: N, listener: (payload: Events[N]) => void): () => void {
    const listeners = this.#all.get(name) ?? new Set();
    this.#all.set(name, listeners);
    // One of its own, so that the same function can listen twice and be taken away once.
    const own = (payload: Events[N]) => listener(payload);
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  tell<N extends keyof Events>(name: N, payload: Events[N]): void {
    for (const listener of this.#all.get(name) ?? []) {
      safely(() => (listener as (payload: Events[N]) => void)(payload));
    }
    for (const hear of this.#streams.keys()) hear(name, payload);
  }

  /**
   * What is told from now on, until the room is left or the loop is. What is not yet taken waits.
   * @param pick makes an item of what is told, or undefined to leave it out
   */
  stream<T>(
    pick: (name: keyof Events, payload: unknown) => T | undefined,
  ): AsyncIterableIterator<T> {
    const waiting: T[] = [];
    let wake = () => {};
    let isOver = false;
    const hear = (name: keyof Events, payload: unknown) => {
      const item = pick(name, payload);
      if (item !== undefined) waiting.push(item);
      wake();
    };
    const end = () => {
      isOver = true;
      this.#streams.delete(hear);
      wake();
    };
    this.#streams.set(hear, end);
    return (async function* loop() {
      try {
        for (;;) {
          while (waiting.length > 0) yield waiting.shift() as T;
          if (isOver) return;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      } finally {
        end();
      }
    })();
  }

  /** Ends the streams; what waits in them can still be taken. */
  endStreams(): void {
    for (const end of this.#streams.values()) end();
  }
}

/** A listener that throws is its owner's defect, and keeps nobody else from hearing. */
function safely(work: () => void): void {
  try {
    work();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
