import { evictExpired } from './evict-expired.ts';

interface Entry<V> {
  readonly value: V;
  /** Epoch milliseconds. */
  usedAt: number;
}

/** Values by key. A value that was not used for `idleMs` is dropped; the clock may go back. */
export class ExpiringMap<V> {
  readonly #idleMs: number;
  /** The last used entry is last. */
  readonly #entries = new Map<string, Entry<V>>();

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** @param now epoch milliseconds */
  getOrAdd(key: string, now: number, make: () => V): V {
    const known = this.#entries.get(key);
    if (known === undefined || Math.abs(now - known.usedAt) >= this.#idleMs) {
      return this.#add(key, now, make());
    }
    known.usedAt = now;
    this.#entries.delete(key);
    this.#entries.set(key, known);
    return known.value;
  }

  #add(key: string, now: number, value: V): V {
    evictExpired(this.#entries, ({ usedAt }) => Math.abs(now - usedAt) >= this.#idleMs);
    this.#entries.delete(key);
    this.#entries.set(key, { value, usedAt: now });
    return value;
  }
}
