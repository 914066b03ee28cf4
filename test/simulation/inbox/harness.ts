import { SqliteFile } from '../../../local-server/sqlite-file.ts';
import { FailingSql, StorageFault } from '../../unit/room/room-harness.ts';
import { countedId } from '../../support/counted-ids.ts';

/** What a harness keeps alive: a room, or inboxes. */
interface Living {
  wake(): void;
  flush(): boolean;
}

/** Time for all harnesses of a world. */
export interface WorldClock {
  /** Epoch milliseconds; may be set back. */
  now: number;
  /** What timers go by. */
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
 * One object over a real file, with time that the test moves: does what hosts do, and fails as they
 * can. A wakeup outlives crashes.
 */
export class Harness<O extends Living> {
  readonly file: SqliteFile;
  readonly sql: FailingSql;
  readonly defects: unknown[] = [];
  readonly #clock: WorldClock;
  readonly #make: (ports: HarnessPorts) => O;
  #object: O | undefined;
  #timers: { at: number; work: () => void }[] = [];
  /** Counts lives, so that what an earlier one asked for finds nothing. */
  life = 0;
  wakeAt: number | undefined;
  #afterFlush: (() => void)[] = [];

  constructor(path: string, clock: WorldClock, make: (ports: HarnessPorts) => O) {
    this.file = new SqliteFile(path, 'process', () => undefined);
    this.sql = new FailingSql(this.file);
    this.#clock = clock;
    this.#make = make;
  }

  /** Does something in the object, woken if need be, commits and hands out. */
  use<T>(work: (object: O) => T): T {
    const result = work(this.#open());
    this.flush();
    return result;
  }

  /** The same without the commit: the next use or crash decides. */
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

  /** Calls `act` once what was decided is stored. Lost with a crash. */
  afterFlush(act: () => void): void {
    this.#afterFlush.push(act);
  }

  /** What was not stored is lost, and with it memory and timers. */
  crash(): void {
    this.life++;
    this.#object = undefined;
    this.#timers = [];
    this.#afterFlush = [];
    this.#rollBack();
  }

  /**
   * Undoes what was not committed, as opening the file again would do. Opening it is dear: it prepares
   * every statement again. `sleep` does open it again.
   */
  #rollBack(): void {
    if (!this.file.isOpen) return;
    this.file.run('ROLLBACK');
    this.file.run('BEGIN');
  }

  /** Falls asleep after its timers, as a Durable Object does. */
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

  /** An object that cannot be woken is woken again later. */
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
