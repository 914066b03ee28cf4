import { unavailable } from '../protocol/codes/errors.ts';
import { type Carry, HostedCourier } from './courier.ts';
import type { Courier, Log, Timer } from './ports.ts';

/** An object that a host runs: a room, an inbox, a relay. */
export interface Hosted {
  /** Does the work that is due. Called by the host at the object's wakeup. */
  wake(): void;
  /** Hands out the output of decided work. Called when it is durable. @returns whether there was any */
  flush(): boolean;
}

/** Where an object's writes become durable. */
export interface CommitPort {
  /**
   * Makes everything written since the last commit durable. Returns true where that is done, and false
   * where `done` is called later, with the error or null. Nothing is written in between.
   * @param waits whether to return only when it is done
   * @throws when it fails
   */
  commit(waits: boolean, done: (error: unknown) => void): boolean;
  /** Waits for a commit whose `done` has not been called yet. @throws when it fails */
  sync(): void;
}

/** The ports that `HostedObject` itself provides to its object. */
export interface OwnPorts {
  timer: Timer;
  courier?: Courier;
}

/** One flush; its times are those of `clock`. */
export interface FlushReport {
  /** Whether anything was handed out. */
  hasHandedOut: boolean;
  /** Pieces of work whose results it committed. */
  works: number;
  /** When the first of them was queued. */
  dueSince: number;
  /** When the commit began. */
  startedAt: number;
  /** When handing out began. */
  storedAt: number;
}

/** What a hosted object needs of its host. */
export interface HostPorts<O extends Hosted> {
  /** Absent where the platform holds back what a turn sends and returns until its writes are durable. */
  storage?: CommitPort;
  /** Makes the object from its storage. @throws when that cannot be read */
  make(own: OwnPorts): O;
  /** In milliseconds; for durations. */
  clock: { now(): number };
  /** Calls `work` once after `ms` milliseconds; the result cancels it. */
  after(ms: number, work: () => void): () => void;
  /** A flush is due: the host calls `flush` at once or later. */
  schedule(): void;
  /** Reports that the output of a commit has been handed out. */
  flushed(report: FlushReport): void;
  /** Called when the object is lost: drops what is not committed, and closes every connection with 4000. */
  reset(): void;
  /** Carries deliveries to their targets; without it the object has no courier. */
  carry?: Carry;
  /** How long such an attempt may take, in milliseconds; `CARRY_TIMEOUT_MS` unless given. */
  carryMs?: number | undefined;
  log: Log;
  /**
   * At this weight the queue is run at once, after a commit under way: later input waits in
   * the network.
   */
  maxQueued: number;
}

/** Work in the queue. */
interface Queued<O> {
  work: (object: O) => void;
  reject: ((error: unknown) => void) | undefined;
}

/** A caller whose result is returned once it is durable. */
interface Waiter {
  stored(): void;
  lost(error: unknown): void;
}

/** A commit, until its output has been handed out. */
interface Commit {
  startedAt: number;
  dueSince: number;
  works: number;
  isOver: boolean;
}

/**
 * Runs one object on any host. All work is queued. A flush runs the queue, commits once, then hands out
 * the output. During a commit no work runs; new work waits in order. After a failed commit the memory
 * is discarded: the connections close with 4000, callers get `unavailable`, and the next use makes a
 * new object.
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
  /** Whether a commit is under way, or its output is being handed out. */
  isCommitting = false;
  /** When the first work since the last flush was queued, and how many pieces have run since. */
  #dueSince: number | undefined;
  #works = 0;

  constructor(ports: HostPorts<O>) {
    this.#ports = ports;
    const { carry, carryMs } = ports;
    this.#courier = carry === undefined ? undefined : new HostedCourier(carry, this, carryMs);
  }

  /**
   * Queues work for the next flush.
   * @param reject gets the error that the work throws, or `unavailable` if the object cannot be opened;
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
   * Runs work at once, after what is queued; during a commit, as soon as that is over. Resolves with
   * its result when it has run, before its output is handed out in a later turn.
   * @throws Refusal `unavailable` when the object cannot be opened
   */
  run<T>(work: (object: O) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.queue((object) => resolve(work(object)), 1, reject);
      if (!this.isCommitting) this.#drain();
    });
  }

  /** Calls `work` after `ms` milliseconds, then flushes. Lost with the object. */
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

  /**
   * Runs the queue and commits once; hands out the output when that is durable.
   * @param waits as in `commit`
   */
  flush(waits = false): void {
    // The run or the commit under way schedules the flush that follows it.
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

  /** Stores and hands out everything queued, and returns when that is done. */
  settle(): void {
    this.#awaitCommit();
    this.flush(true);
  }

  /** Drops the object from memory until it is next used. Nothing may be due. */
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

  /** Runs the queued work, and the work that it queues. */
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
    // `#awaitCommit` has concluded it already.
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
      // Work that waited for this commit belongs to the next one.
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
