import { unavailable } from '../protocol/codes/errors.ts';
import { type Carry, HostedCourier } from './courier.ts';
import type { Courier, Log, Timer } from './ports.ts';

/** What a host keeps alive: a room, an inbox, a relay. */
export interface Hosted {
  /** Does what is due. Called by the host when the object's wakeup comes. */
  wake(): void;
  /** Hands out what was decided. Called when that is durable. @returns whether anything was handed out */
  flush(): boolean;
}

/** Where an object's writes become durable. */
export interface CommitPort {
  /**
   * Makes everything written since the last commit durable. Returns true where that is done, and false
   * where `done` is called later, with the error if there was one. Nothing is written between.
   * @param waits whether to return only when it is done
   * @throws when it fails
   */
  commit(waits: boolean, done: (error: unknown) => void): boolean;
  /** Waits for a commit whose `done` is not called yet. @throws when it fails */
  sync(): void;
}

/** The ports of a hosted object that need no host. */
export interface OwnPorts {
  timer: Timer;
  courier?: Courier;
}

/** One flush, its times by `clock`. */
export interface FlushReport {
  /** Whether anything was handed out. */
  hasHandedOut: boolean;
  /** Pieces of work that it was for. */
  works: number;
  /** When the first of them came. */
  dueSince: number;
  /** When the commit began. */
  startedAt: number;
  /** When handing out began. */
  storedAt: number;
}

/** What a hosted object needs of its host. */
export interface HostPorts<O extends Hosted> {
  /** Without it the platform holds back what a turn sends and returns until its writes are durable. */
  storage?: CommitPort;
  /** Makes the object from what is stored. @throws when that cannot be read */
  make(own: OwnPorts): O;
  /** In milliseconds; for durations. */
  clock: { now(): number };
  /** Calls `work` once after `ms` milliseconds; the result cancels it. */
  after(ms: number, work: () => void): () => void;
  /** A flush is due: the host calls `flush` at once or later. */
  schedule(): void;
  /** What a commit made durable is handed out. */
  flushed(report: FlushReport): void;
  /** The object is gone: drops what is not committed, and closes every connection with 4000. */
  reset(): void;
  /** Brings deliveries to their targets; without it the object has no courier. */
  carry?: Carry;
  /** What an attempt at that may take, in milliseconds; `CARRY_TIMEOUT_MS` unless given. */
  carryMs?: number | undefined;
  log: Log;
  /** The queue runs at this weight, after the commit on its way: later input waits in the network. */
  maxQueued: number;
}

/** Work in the queue. */
interface Queued<O> {
  work: (object: O) => void;
  reject: ((error: unknown) => void) | undefined;
}

/** A result that may be shown once it is stored. */
interface Waiter {
  stored(): void;
  lost(error: unknown): void;
}

/** A commit, until what it made durable is handed out. */
interface Commit {
  startedAt: number;
  dueSince: number;
  works: number;
  isOver: boolean;
}

/**
 * One object's life on any host. All work queues. A flush runs the queue, commits once, then hands out.
 * While a commit is on its way nothing runs, and what comes waits in order. After a failed commit
 * nothing in memory is trusted: the connections close with 4000, callers get `unavailable`, and the
 * next use makes a new object.
 */
export class HostedObject<O extends Hosted> implements Timer {
  readonly #ports: HostPorts<O>;
  readonly #courier: HostedCourier | undefined;
  readonly #timers = new Set<() => void>();
  #object: O | undefined;
  #queue: Queued<O>[] = [];
  #queuedWeight = 0;
  #isRunning = false;
  /** Callers whose work has run and is not durable yet. */
  #waiters: Waiter[] = [];
  /** The last commit. */
  #commit: Commit | undefined;
  /** Whether a commit is on its way, or what it made durable is being handed out. */
  isCommitting = false;
  /** When the first of the work came that no flush has followed yet, and how much of it has run. */
  #dueSince: number | undefined;
  #works = 0;

  constructor(ports: HostPorts<O>) {
    this.#ports = ports;
    const { carry, carryMs } = ports;
    this.#courier = carry === undefined ? undefined : new HostedCourier(carry, this, carryMs);
  }

  /**
   * Queues work for the next flush.
   * @param reject gets what the work throws, or `unavailable` for an object that cannot be opened;
   * without it errors are logged, and an object that cannot be opened closes its connections
   */
  queue(work: (object: O) => void, weight = 1, reject?: (error: unknown) => void): void {
    this.#dueSince ??= this.#ports.clock.now();
    this.#queue.push({ work, reject });
    this.#queuedWeight += weight;
    if (this.#isRunning) return;
    if (!this.isCommitting) this.#ports.schedule();
    if (this.#queuedWeight < this.#ports.maxQueued) return;
    if (this.isCommitting) this.#awaitCommit();
    else this.#drain();
  }

  /**
   * Queues work for the next flush. Resolves with its result once that is durable.
   * @throws Refusal `unavailable` when the object cannot be opened or the commit fails
   */
  ask<T>(work: (object: O) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const ask = (object: O) => {
        const result = work(object);
        this.#waiters.push({ stored: () => resolve(result), lost: reject });
      };
      this.queue(ask, 1, reject);
    });
  }

  /**
   * Runs work at once, after what is queued; while a commit is on its way, when that is over. Resolves
   * with its result when it has run, before anything it leads to is handed out in a later turn.
   * @throws Refusal `unavailable` when the object cannot be opened
   */
  run<T>(work: (object: O) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.queue((object) => resolve(work(object)), 1, reject);
      if (!this.isCommitting) this.#drain();
    });
  }

  /** Calls `work` after `ms` milliseconds, with a flush. Lost when the object is. */
  after(ms: number, work: () => void): () => void {
    const cancel = () => {
      stop();
      this.#timers.delete(cancel);
    };
    const stop = this.#ports.after(ms, () =>
      this.queue(() => {
        if (this.#timers.delete(cancel)) work();
      }),
    );
    this.#timers.add(cancel);
    return cancel;
  }

  /** One commit for all that is queued; it hands out when that is durable. @param waits as in `commit` */
  flush(waits = false): void {
    // The end of a run or of a commit asks for the flush that follows it.
    if (this.#isRunning || this.#commit?.isOver === false) return;
    this.#drain();
    const startedAt = this.#ports.clock.now();
    const dueSince = this.#dueSince ?? startedAt;
    const commit = { startedAt, dueSince, works: this.#works, isOver: false };
    this.#commit = commit;
    this.isCommitting = true;
    this.#dueSince = undefined;
    this.#works = 0;
    let failed: unknown = null;
    try {
      const { storage } = this.#ports;
      if (storage?.commit(waits, (error) => this.#conclude(commit, error)) === false) return;
    } catch (error) {
      failed = error;
    }
    this.#conclude(commit, failed);
  }

  /** Stores and hands out all that is queued, and returns when that is done. */
  settle(): void {
    this.#awaitCommit();
    this.flush(true);
  }

  /** Forgets the object until it is next used. Nothing may be due. */
  evict(): void {
    for (const cancel of this.#timers) cancel();
    this.#courier?.forget();
    this.#object = undefined;
  }

  /** Whether nothing keeps the object in memory. */
  get isIdle(): boolean {
    return (
      this.#timers.size + this.#waiters.length + this.#queue.length === 0 && !this.isCommitting
    );
  }

  get isInMemory(): boolean {
    return this.#object !== undefined;
  }

  /** Runs what is queued, and what that queues in turn. */
  #drain(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    // Work handles its own errors: this loop runs to its end.
    for (const queued of this.#queue) this.#perform(queued);
    this.#isRunning = false;
    this.#works += this.#queue.length;
    this.#queue = [];
    this.#queuedWeight = 0;
  }

  /** Errors of one piece of work must not harm the rest. */
  #perform({ work, reject }: Queued<O>): void {
    try {
      this.#object ??= this.#ports.make(this.#ownPorts);
    } catch (error) {
      this.#ports.log.failure('open', error);
      if (reject === undefined) this.#reset();
      else reject(unavailable());
      return;
    }
    try {
      work(this.#object);
    } catch (error) {
      if (reject === undefined) this.#ports.log.failure('work', error);
      else reject(error);
    }
  }

  get #ownPorts(): OwnPorts {
    return this.#courier === undefined ? { timer: this } : { timer: this, courier: this.#courier };
  }

  #awaitCommit(): void {
    const commit = this.#commit;
    if (commit?.isOver !== false) return;
    let failed: unknown = null;
    try {
      this.#ports.storage?.sync();
    } catch (error) {
      failed = error;
    }
    this.#conclude(commit, failed);
  }

  #conclude(commit: Commit, error: unknown): void {
    // It was waited for before.
    if (commit.isOver) return;
    commit.isOver = true;
    const waiters = this.#waiters;
    this.#waiters = [];
    try {
      if (error === null) {
        const storedAt = this.#ports.clock.now();
        const hasHandedOut = this.#object?.flush() === true;
        this.#courier?.start();
        this.#ports.flushed({ ...commit, storedAt, hasHandedOut });
        for (const waiter of waiters) waiter.stored();
      } else this.#lose(error, waiters);
    } finally {
      // What has waited for this commit is for the next one.
      const isDue = this.#queue.length > 0;
      if (isDue) this.#drain();
      this.isCommitting = false;
      if (isDue) this.#ports.schedule();
    }
  }

  #lose(error: unknown, waiters: readonly Waiter[]): void {
    this.#ports.log.failure('commit', error);
    this.#reset();
    for (const waiter of waiters) waiter.lost(unavailable());
  }

  #reset(): void {
    this.evict();
    this.#ports.reset();
  }
}
