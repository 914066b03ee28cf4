/**
 * What every hosted object asks of its host, whatever it is. Everything is synchronous: nothing can
 * come between what a command reads and what it writes.
 */

export type SqlValue = string | number | null;

/** Work inside a transaction cannot wait: a promise as its result is a type error. */
export type Immediate<T> = T extends PromiseLike<unknown> ? never : T;

/** One object's own SQLite database. */
export interface Sql {
  /** Whether nothing was ever stored. Asking leaves nothing stored. */
  isEmpty(): boolean;
  /** All rows of a query, read to the end. */
  all<Row>(query: string, ...bindings: SqlValue[]): Row[];
  run(query: string, ...bindings: SqlValue[]): void;
  /** Runs `body` whole or not at all: what it wrote is undone when it throws. Nests. */
  atomic<T>(body: () => Immediate<T>): T;
  /**
   * Drops everything stored, with the space it took, then runs `found` on what is empty now: both
   * last or neither does, wherever the host ends. Not within `atomic`.
   */
  erase(found: () => void): void;
  /**
   * Lets go of what deleted rows have left: of some of their space, in a moment, or of every trace,
   * which may take as long as the object is big. Not within `atomic`. A host that has no means for it
   * does nothing; the space is then used for what comes next.
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

/** Memory only and at most 5 s: it delays sleep, and is lost with the object, as every socket then is. */
export interface Timer {
  /** Calls `work` once after `ms` milliseconds, then flushes; the result cancels it. */
  after(ms: number, work: () => void): () => void;
}

/** A promise to call the object's `wake` at a time: it survives the object's sleep and the host's end. */
export interface Wakeup {
  /**
   * Asks for it at `at` (epoch milliseconds, perhaps past), in place of what was asked before;
   * undefined: no more. The call may come earlier, late, or more than once.
   */
  set(at: number | undefined): void;
}

/** Where an object says what must not reach users. */
export interface Log {
  /** A defect: something that is no refusal was thrown. */
  failure(what: string, error: unknown): void;
}

/** One attempt at a delivery. Its body is read when the attempt begins, so it is never stale. */
export interface Delivery {
  /** Where it goes, by a prefix that the host has a carrier for: `inbox:<userId>`, `hook`, `files`. */
  target: string;
  /** What of the target it is about; one delivery waits for each target and key. */
  key: string;
  /** Grows with each change; an acknowledgement is for this version alone. */
  version: number;
  /** Attempts that have failed before this one. */
  attempt: number;
  /** JSON. */
  body: string;
}

/** `retryAfterMs`: it has failed, and the target says when to try again. */
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
