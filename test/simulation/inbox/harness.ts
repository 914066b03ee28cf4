import { SqliteFile } from '../../../local-server/sqlite-file.ts';
import { FailingSql, StorageFault } from '../../unit/room/room-harness.ts';
import { countedId } from '../../support/counted-ids.ts';

/** What a harness hosts: a room, or inboxes. */
interface Living {
  wake(): void;
  flush(): boolean;
}

/** The time of all harnesses in a world, in milliseconds. */
export interface WorldClock {
  /** Epoch milliseconds; may be set back. */
  now: number;
  /** Monotonic time, which timers use. */
  elapsed: number;
}

/** The ports that every object has. */
export interface HarnessPorts {
  sql: FailingSql;
  clock: { now(): number };
  ids: { make(): string };
  timer: { after(ms: number, work: () => void): () => void };
  wakeup: { set(at: number | undefined): void };
  log: { failure(what: string, error: unknown): void };
}

let made = 0;

/**
 * Hosts one object over a real file, with time that the test moves. It does what hosts do, and can
 * fail as they can. A wakeup outlives crashes.
 */
export class Harness<O extends Living> {
  readonly file: SqliteFile;
  readonly sql: FailingSql;
  readonly defects: unknown[] = [];
  readonly #clock: WorldClock;
  readonly #make: (ports: HarnessPorts) => O;
  #object: O | undefined;
  #timers: { at: number; work: () => void }[] = [];
  /** The number of the object's life; outcomes for an earlier life are dropped. */
  life = 0;
  wakeAt: number | undefined;
  #afterFlush: (() => void)[] = [];

  constructor(path: string, clock: WorldClock, make: (ports: HarnessPorts) => O) {
    this.file = new SqliteFile(path, 'process', () => undefined);
    this.sql = new FailingSql(this.file);
    this.#clock = clock;
    this.#make = make;
  }

  /** Runs `work` in the object, which is woken if needed, and flushes. */
  use<T>(work: (object: O) => T): T {
    const result = work(this.#open());
    this.flush();
    return result;
  }

  /** As `use`, but without the flush: the next `use` or `crash` decides what is stored. */
  decide<T>(work: (object: O) => T): T {
    return work(this.#open());
  }

  flush(): void {
    this.file.commit();
    const after = this.#afterFlush.splice(0);
    this.#object?.flush();
    this.file.commit();
    for (const act of after) act();
  }

  /** Calls `act` after the next commit; not after a crash. */
  afterFlush(act: () => void): void {
    this.#afterFlush.push(act);
  }

  /** Crashes: uncommitted writes, memory and timers are lost. */
  crash(): void {
    this.life++;
    this.#object = undefined;
    this.#timers = [];
    this.#afterFlush = [];
    this.#rollBack();
  }

  /**
   * Rolls back uncommitted writes, as reopening the file would. Reopening is expensive, because every
   * statement is prepared again; only `sleep` does that.
   */
  #rollBack(): void {
    if (!this.file.isOpen) return;
    this.file.run('ROLLBACK');
    this.file.run('BEGIN');
  }

  /** Sleeps: commits, then loses memory and timers, and closes the file. */
  sleep(): void {
    this.flush();
    this.life++;
    this.#object = undefined;
    this.#timers = [];
    this.file.close();
  }

  /** Runs timers that are due, and the wakeup. @returns whether anything was due */
  tick(): boolean {
    const due = this.#timers.filter(({ at }) => at <= this.#clock.elapsed);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { work } of due) {
      work();
      this.flush();
    }
    const isWoken = this.wakeAt !== undefined && this.wakeAt <= this.#clock.now;
    if (isWoken) this.#wake();
    return due.length > 0 || isWoken;
  }

  get nextTimer(): number | undefined {
    const first = Math.min(...this.#timers.map(({ at }) => at));
    return first === Infinity ? undefined : first;
  }

  /** Wakes the object; if that fails, tries again a minute later. */
  #wake(): void {
    this.wakeAt = this.#clock.now + 60_000;
    const object = this.#open();
    this.wakeAt = undefined;
    object.wake();
    this.flush();
  }

  #open(): O {
    this.#object ??= this.#make({
      sql: this.sql,
      clock: { now: () => this.#clock.now },
      ids: { make: () => countedId(made++) },
      timer: {
        after: (ms, work) => {
          const timer = { at: this.#clock.elapsed + ms, work };
          this.#timers.push(timer);
          return () => {
            this.#timers = this.#timers.filter((other) => other !== timer);
          };
        },
      },
      wakeup: {
        set: (at) => {
          this.wakeAt = at;
        },
      },
      log: {
        failure: (_, error) => {
          if (!(error instanceof StorageFault)) this.defects.push(error);
        },
      },
    });
    return this.#object;
  }
}
