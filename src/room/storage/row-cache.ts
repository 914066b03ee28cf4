import type { Database } from './database.ts';

/**
 * A store's cache of its rows. It is right because only this object writes them; it begins empty, and
 * is emptied when a transaction was undone.
 */
export class RowCache<T> {
  readonly #database: Database;
  readonly #empty: () => T;
  #value: T;
  #undone: number;

  constructor(database: Database, empty: () => T) {
    this.#database = database;
    this.#empty = empty;
    this.#value = empty();
    this.#undone = database.undone;
  }

  get value(): T {
    const { undone } = this.#database;
    if (undone !== this.#undone) this.clear();
    return this.#value;
  }

  clear(): void {
    this.#undone = this.#database.undone;
    this.#value = this.#empty();
  }
}
