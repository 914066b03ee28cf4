import type { Database } from './database.ts';

/**
 * What a store remembers of its rows, so that it need not read them again: the object is the only one
 * that writes them. It begins empty, and is empty again once a transaction was undone.
 */
export class Remembered<T> {
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
