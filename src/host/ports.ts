/**
 * What every kind of hosted object asks of its host. Everything is synchronous: nothing can happen
 * between a command's reads and its writes.
 */

export type SqlValue = string | number | null;

/** Work inside a transaction cannot wait: a promise as its result is a type error. */
export type Immediate<T> = T extends PromiseLike<unknown> ? never : T;

/** One object's own SQLite database. */
export interface Sql {
  /** Whether nothing was ever stored. The call itself stores nothing. */
  isEmpty(): boolean;
  /** All rows of a query, read to the end. */
  all<Row>(query: string, ...bindings: SqlValue[]): Row[];
  run(query: string, ...bindings: SqlValue[]): void;
  /** Runs `body` as a transaction: its writes are undone when it throws. Nests. */
  atomic<T>(body: () => Immediate<T>): T;
  /**
   * Erases the database, with the space it took, then runs `found` on the empty one. Both become
   * durable or neither, whenever the host crashes. Not within `atomic`.
   */
  erase(found: () => void): void;
  /**
   * Cleans up after deleted rows: frees some of their space, in a moment, or removes every trace of
   * them, which takes longer the bigger the object is. Not within `atomic`. A host without the means
   * does nothing; the space is then reused for later rows.
   */
  reclaimSpace(what: 'space' | 'traces'): void;
}

export interface Clock {
  /** Epoch milliseconds; may go back. */
  now(): number;
}

export interface Ids {
  /** A random UUID, which cannot be guessed. */
  make(): string;
}

/**
 * In memory only and for at most 5 s: a timer delays sleep, and is lost with the object and
 * its sockets.
 */
export interface Timer {
  /** Calls `work` once after `ms` milliseconds, then flushes; the result cancels it. */
  after(ms: number, work: () => void): () => void;
}

/**
 * A promise to call the object's `wake` at a time: it survives the object's sleep and the end
 * of the host.
 */
export interface Wakeup {
  /**
   * Asks for a call at `at` (epoch milliseconds, possibly in the past), in place of an earlier request;
   * undefined: no call. It may come earlier, late, or more than once.
   */
  set(at: number | undefined): void;
}

/** Where an object reports errors whose details users must not see. */
export interface Log {
  /** Reports a defect: an error other than a refusal was thrown. */
  failure(what: string, error: unknown): void;
}

/** One attempt at a delivery. Its body is read when the attempt begins, so that it is current. */
export interface Delivery {
  /** Where it goes, by a prefix that the host has a carrier for: `inbox:<userId>`, `hook`, `files`. */
  target: string;
  /** What it is about; there is one delivery for each target and key. */
  key: string;
  /** Grows with each change; an acknowledgement is for this version alone. */
  version: number;
  /** Attempts that have failed before this one. */
  attempt: number;
  /** JSON. */
  body: string;
}

/** `retryAfterMs`: the attempt has failed, and the target says when to try again. */
export type DeliveryOutcome = 'delivered' | 'failed' | { retryAfterMs: number };

/** Carries what an object owes to targets outside it. */
export interface Courier {
  /**
   * Starts one attempt for all deliveries given, which share one target. Never throws.
   * @param settle is called once, in a later turn of the object, which then flushes; where the object
   * has been evicted since, it is not called. One outcome for each delivery, in order.
   */
  send(
    target: string,
    deliveries: readonly Delivery[],
    settle: (outcomes: readonly DeliveryOutcome[]) => void,
  ): void;
}
