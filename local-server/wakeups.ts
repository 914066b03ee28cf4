import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Log } from '../src/room/ports.ts';
import { BUSY_MS, type Durability } from './sqlite-file.ts';

export interface WakeupsOptions {
  path: string;
  durability: Durability;
  log: Log;
  /**
   * Wakes a room, or another object in a file. Resolves when its changes are stored, with the time of
   * its next wakeup, or undefined if it needs none.
   */
  wake: (roomId: string) => Promise<number | undefined>;
}

/** The longest a Node timer can wait, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** Rooms woken at a time. */
const AT_ONCE = 8;

/**
 * A room that could not be woken, and a time that could not be read or stored, is tried again after this
 * long, in milliseconds.
 */
const AGAIN_MS = 60_000;

/**
 * When rooms, or other objects in files, are to be woken: one time for each, in a file of their own, so
 * that they outlive idle objects and this process. A time is stored before the change that needs it, and
 * removed only after the wakeup is done.
 */
export class Wakeups {
  readonly #options: WakeupsOptions;
  readonly #database: DatabaseSync;
  readonly #waking = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @throws Error with one sentence for the operator */
  constructor(options: WakeupsOptions) {
    this.#options = options;
    try {
      this.#database = opened(options);
    } catch (error) {
      throw new Error(sentence(options.path, error as Error), { cause: error });
    }
    this.#arm();
  }

  /** Wakes a room at `at` (epoch milliseconds) at the latest; it may be earlier. */
  ask(roomId: string, at: number): void {
    this.#database
      .prepare(
        `INSERT INTO wakeups VALUES (?, ?)
          ON CONFLICT (room_id) DO UPDATE SET at = excluded.at WHERE excluded.at < at`,
      )
      .run(roomId, at);
    this.#arm();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#database.close();
  }

  /** Sets the only timer to the earliest time. */
  #arm(): void {
    clearTimeout(this.#timer);
    this.#orLater(() => {
      const next = this.#next(1)[0];
      if (next !== undefined) this.#fireAfter(next.at - Date.now());
    });
  }

  #fireAfter(ms: number): void {
    this.#timer = setTimeout(() => this.#fire(), Math.min(Math.max(0, ms), LONGEST_MS));
    this.#timer.unref();
  }

  #fire(): void {
    const now = Date.now();
    this.#orLater(() => {
      for (const { roomId, at } of this.#next(AT_ONCE)) {
        if (at > now || this.#waking.size >= AT_ONCE) continue;
        this.#waking.add(roomId);
        void this.#wake(roomId);
      }
      if (this.#waking.size < AT_ONCE) this.#arm();
    });
  }

  /** Does what reads the times. If they cannot be read, they are read again later. */
  #orLater(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log.failure('wakeup', error);
      this.#fireAfter(AGAIN_MS);
    }
  }

  async #wake(roomId: string): Promise<void> {
    let next: number | undefined;
    try {
      next = await this.#options.wake(roomId);
    } catch (error) {
      this.#options.log.failure('wakeup', error);
      next = Date.now() + AGAIN_MS;
    }
    if (this.#isClosed) return;
    try {
      this.#settle(roomId, next);
    } catch (error) {
      this.#options.log.failure('wakeup', error);
      // The room is still due. It counts as being woken until later, otherwise it would be woken at once.
      setTimeout(() => this.#release(roomId), AGAIN_MS).unref();
      return;
    }
    this.#release(roomId);
  }

  /** Lets a room be woken again. */
  #release(roomId: string): void {
    if (this.#isClosed) return;
    this.#waking.delete(roomId);
    this.#arm();
  }

  /** Stores the next time of a room that was woken. One that is due again at once keeps its row. */
  #settle(roomId: string, next: number | undefined): void {
    if (next === undefined) {
      this.#database.prepare('DELETE FROM wakeups WHERE room_id = ?').run(roomId);
    } else if (next > Date.now()) {
      this.#database.prepare('UPDATE wakeups SET at = ? WHERE room_id = ?').run(next, roomId);
    }
  }

  /** The first times of rooms that are not being woken. */
  #next(count: number): { roomId: string; at: number }[] {
    return this.#database
      .prepare(
        `SELECT room_id AS roomId, at FROM wakeups
          WHERE room_id NOT IN (SELECT value FROM json_each(?)) ORDER BY at LIMIT ?`,
      )
      .all(JSON.stringify([...this.#waking]), count) as unknown as {
      roomId: string;
      at: number;
    }[];
  }
}

function opened({ path, durability }: WakeupsOptions): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path, { timeout: BUSY_MS });
  const synchronous = durability === 'disk' ? 'FULL' : 'NORMAL';
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous};
    CREATE TABLE IF NOT EXISTS wakeups (room_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS wakeups_at ON wakeups (at)`);
  return database;
}

function sentence(path: string, { message }: Error): string {
  return `${path} cannot be used (${message}): make it writable, or if it is damaged restore it from a backup that holds it, or move it away; its wakeups are then set again when rooms and inboxes change.`;
}
