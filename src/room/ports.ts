import type { Identity } from '../protocol/identity.ts';
import type { CloseCode } from '../protocol/codes/close-codes.ts';
import type { OperationName } from '../protocol/commands.ts';
import type { ErrorCode } from '../protocol/codes/errors.ts';
import type { Frame } from './broadcast/frame.ts';
import type { PerMinute } from './access/per-minute.ts';

/**
 * What a room asks of its host. Everything is synchronous: nothing can come between what a command
 * reads and what it writes.
 */

export type SqlValue = string | number | null;

/** Work inside a transaction cannot wait: a promise as its result is a type error. */
export type Immediate<T> = T extends PromiseLike<unknown> ? never : T;

/** One room's own SQLite database. */
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
   * which may take as long as the room is big. Not within `atomic`. A host that has no means for it
   * does nothing; the space is then used for what comes next.
   */
  reclaimSpace(what: 'space' | 'traces'): void;
}

export interface Clock {
  /** Epoch milliseconds; may go back. */
  now(): number;
}

export interface Ids {
  /** An id nobody can guess: 128 random bits or more, of letters, digits, `-` and `_`. */
  make(): string;
}

/** Memory only and at most 5 s: it delays sleep, and is lost with the room, as every socket then is. */
export interface Timer {
  /** Calls `work` once after `ms` milliseconds, then flushes; the result cancels it. */
  after(ms: number, work: () => void): () => void;
}

/** A promise to call `Room.wake` at a time: it survives the room's sleep and the host's end. */
export interface Wakeup {
  /**
   * Asks for it at `at` (epoch milliseconds, perhaps past), in place of what was asked before;
   * undefined: no more. The call may come earlier, late, or more than once.
   */
  set(at: number | undefined): void;
}

/** Everyone connected now, joined or not. A connection that is closing may still be listed. */
export interface Roster {
  connections(): Iterable<Connection>;
}

/** Where a room says what must not reach users. */
export interface Log {
  /** A defect: something that is no refusal was thrown. */
  failure(what: string, error: unknown): void;
}

/** What a room counts for its operator: numbers, never who or what was said. Never throws. */
export interface Meter {
  /** Something was done; for a join that came back, with how many missed messages it was given. */
  done(name: OperationName, missed: number | undefined): void;
  refused(code: ErrorCode): void;
  /** A frame of so many lines has left for one connection. */
  sent(lines: number): void;
  /** All that was due has left. */
  flushed(): void;
}

export interface Ports {
  sql: Sql;
  /**
   * The epoch of the room's first life, up to its first deletion: letters, digits, `-` and `_`, at
   * most 64. The same for as long as this storage lasts, though nothing is stored in the room yet,
   * and another one for other storage, so that a position of lost data is not taken for a new one.
   */
  firstEpoch: string;
  clock: Clock;
  ids: Ids;
  timer: Timer;
  wakeup: Wakeup;
  roster: Roster;
  log: Log;
  meter?: Meter;
}

/** A display name and whether a token vouches for it. */
export interface Name {
  username: string;
  unverified?: true;
}

/** What is known of a connection for as long as it lives, over the room's sleep too. */
export interface ConnectionState {
  /** Version of this form, for objects woken by newer code. */
  v: 1;
  id: string;
  identity: Identity;
  joined: boolean;
  /** Only listens: nobody is told that it is here, and it sends nothing. */
  silent?: true;
  /** Fixed at the first join. */
  name?: Name;
  /** Whose connections replace one another: a client's own name for itself. */
  session?: string;
  /** Frames that were no tuples. */
  badFrames?: PerMinute;
  /** Tokens that did not hold. */
  badTokens?: PerMinute;
}

/** One live attachment of one identity to the room. */
export interface Connection {
  readonly state: Readonly<ConnectionState>;
  /** Whether frames can still reach it. */
  readonly open: boolean;
  /**
   * When the client last gave a sign of life, in epoch milliseconds; undefined for one that does
   * not send heartbeats.
   */
  readonly lastHeardAt: number | undefined;
  update(change: Partial<ConnectionState>): void;
  /**
   * Hands over what is stored; never throws.
   * @returns false where it was dropped, being ephemeral, because the client cannot keep up
   */
  send(frame: Frame): boolean;
  /** Ends it; never throws, and does nothing the second time. */
  close(code: CloseCode, reason: string): void;
}
