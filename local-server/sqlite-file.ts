import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Immediate, Sql, SqlValue } from '../src/room/ports.ts';
import { WalFile } from './wal-file.ts';

/** Pages of 4 KiB that one step of reclaiming space frees. */
const RECLAIMED_PAGES = 2_000;

/** What an acknowledged write survives: a power failure, or a killed process. */
export type Durability = 'disk' | 'process';

/**
 * How long to wait for another process that has locked a file, in milliseconds. A backup or the doctor
 * locks a file that is just being made, for the time of a copy; later neither waits for the other.
 */
export const BUSY_MS = 5_000;

/** Matches a statement that cannot write; others may, even if they return rows. */
const READS = /^\s*SELECT\b/i;

/**
 * A database in a file, which is created by the first write. Everything between two calls of `commit`
 * shares one transaction; each `atomic` is a savepoint of it. What is committed survives the process;
 * `sync` brings it to the disk. SQLite itself does so only when it moves commits from its journal
 * into the file (`synchronous=NORMAL`), which happens in their order.
 */
export class SqliteFile implements Sql {
  #path: string;
  readonly #durability: Durability;
  readonly #onOpen: () => void;
  readonly #onClose: () => void;
  #database: DatabaseSync | undefined;
  #statements = new Map<string, StatementSync>();
  #inTransaction = false;
  /** The error that ended the transaction early; writing and `commit` throw it until the file is closed. */
  #lost: unknown;
  #depth = 0;
  /** Opened by the first commit that is brought to the disk. */
  #walFile: WalFile | undefined;
  /** Whether something was written that is not known to be on the disk. */
  #isUnsynced = false;
  /** Whether a sync has failed: the journal may then be lost when the machine fails. */
  #isDoubtful = false;

  /**
   * @param onOpen is called before the file is opened, to make room for one more
   * @param onClose is called when it is closed, or could not be opened
   */
  constructor(
    path: string,
    durability: Durability,
    onOpen: () => void,
    onClose: () => void = () => undefined,
  ) {
    this.#path = path;
    this.#durability = durability;
    this.#onOpen = onOpen;
    this.#onClose = onClose;
  }

  get isOpen(): boolean {
    return this.#database !== undefined;
  }

  isEmpty(): boolean {
    if (this.#database === undefined && !existsSync(this.#path)) return true;
    return this.all("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").length === 0;
  }

  all<Row>(query: string, ...bindings: SqlValue[]): Row[] {
    const rows = this.#statement(query).all(...bindings) as Row[];
    if (!READS.test(query)) this.#isUnsynced = true;
    return rows;
  }

  run(query: string, ...bindings: SqlValue[]): void {
    this.#begin();
    this.#isUnsynced = true;
    this.#statement(query).run(...bindings);
  }

  atomic<T>(body: () => Immediate<T>): T {
    // No savepoint: a file that `body` makes is undone as a whole.
    if (this.#database === undefined && !existsSync(this.#path)) return this.#founding(body);
    this.#begin();
    const savepoint = `s${this.#depth++}`;
    this.#statement(`SAVEPOINT ${savepoint}`).run();
    try {
      const result = body();
      this.#statement(`RELEASE ${savepoint}`).run();
      return result;
    } catch (error) {
      this.#undo(savepoint, error);
      throw error;
    } finally {
      this.#depth--;
    }
  }

  /**
   * Stores everything since the last call: SQLite commits, then the commit is brought to the disk, if
   * `Durability` is `disk`. Returns true if all of that is done, and false if `done` is called later;
   * nothing may be written until then.
   * @param waits whether to wait for the disk
   * @throws what SQLite or the disk throws; then `discard`
   */
  commit(waits = true, done: (error: Error | null) => void = () => undefined): boolean {
    this.#endTransaction();
    if (!this.#isUnsynced || this.#durability === 'process') return true;
    this.#walFile ??= new WalFile(`${this.#path}-wal`);
    if (waits) this.sync();
    else this.#syncLater(this.#walFile, done);
    return waits;
  }

  #endTransaction(): void {
    if (this.#lost !== undefined) throw this.#lost;
    if (!this.#inTransaction) return;
    this.#statement('COMMIT').run();
    this.#inTransaction = false;
  }

  /** Waits until everything committed is on the disk. @throws when it cannot get there; then `discard`. */
  sync(): void {
    try {
      this.#walFile?.sync();
      this.#isUnsynced = false;
    } catch (error) {
      this.#isDoubtful = true;
      throw error;
    }
  }

  #syncLater(wal: WalFile, done: (error: Error | null) => void): void {
    wal.syncLater((error) => {
      if (error !== null) this.#isDoubtful = true;
      else if (wal === this.#walFile) this.#isUnsynced = false;
      done(error);
    });
  }

  /** Makes the new, empty database in a file beside the old one, which it replaces in one step. */
  erase(found: () => void): void {
    this.#endTransaction();
    this.close();
    const path = this.#path;
    const made = `${path}-new`;
    removeFile(made);
    try {
      this.#path = made;
      this.atomic(found);
      this.#endTransaction();
      this.close();
    } catch (error) {
      this.discard();
      removeFile(made);
      throw error;
    } finally {
      this.#path = path;
    }
    // Closing has emptied the journal; a remaining one would be taken for the new file's.
    removeFile(path, ['-wal', '-shm']);
    renameSync(made, path);
    if (this.#durability === 'disk') syncFolder(dirname(path));
  }

  /**
   * `space`: the file becomes shorter by what a step of pruning freed, when its journal is next
   * moved into it. `traces`: the whole file is rewritten, because pages keep copies of rows that have
   * moved elsewhere, and the journal is emptied; the process does nothing else until that is done.
   */
  reclaimSpace(what: 'space' | 'traces'): void {
    const database = this.#open();
    if (what === 'space') {
      database.exec(`PRAGMA incremental_vacuum(${RECLAIMED_PAGES})`);
      return;
    }
    this.#endTransaction();
    // Files of earlier versions could not become shorter; from now on they can.
    database.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
  }

  /** Closes the file; it opens again when it is next needed. Nothing may be uncommitted. */
  close(): void {
    this.#statements = new Map();
    this.#inTransaction = false;
    this.#lost = undefined;
    this.#isUnsynced = false;
    this.#walFile?.close();
    this.#walFile = undefined;
    const database = this.#database;
    this.#database = undefined;
    database?.close();
    this.#onClose();
  }

  /** Closes the file and drops what was not committed. Never throws. */
  discard(): void {
    try {
      this.close();
    } catch {
      this.#onClose();
    }
  }

  #founding<T>(body: () => Immediate<T>): T {
    try {
      return body();
    } catch (error) {
      if (this.#database !== undefined) {
        this.discard();
        removeFile(this.#path);
      }
      throw error;
    }
  }

  #begin(): void {
    if (this.#lost !== undefined) throw this.#lost;
    if (this.#inTransaction) return;
    this.#statement('BEGIN').run();
    this.#inTransaction = true;
  }

  #undo(savepoint: string, error: unknown): void {
    // A full disk may have ended the whole transaction, and with it what earlier commands wrote.
    if (this.#database?.isTransaction !== true) {
      this.#lost = error;
      return;
    }
    this.#statement(`ROLLBACK TO ${savepoint}`).run();
    this.#statement(`RELEASE ${savepoint}`).run();
  }

  #statement(query: string): StatementSync {
    const known = this.#statements.get(query);
    if (known !== undefined) return known;
    const statement = this.#open().prepare(query);
    this.#statements.set(query, statement);
    return statement;
  }

  #open(): DatabaseSync {
    if (this.#database !== undefined) return this.#database;
    this.#onOpen();
    try {
      this.#database = this.#opened();
    } catch (error) {
      this.#onClose();
      throw error;
    }
    return this.#database;
  }

  #opened(): DatabaseSync {
    mkdirSync(dirname(this.#path), { recursive: true });
    const isNew = !existsSync(this.#path);
    const database = new DatabaseSync(this.#path, { timeout: BUSY_MS });
    try {
      // Lets the file become shorter. Works only before the first table, and is a write.
      if (isNew) database.exec('PRAGMA auto_vacuum = INCREMENTAL');
      // Deleted content is overwritten, so that nothing of it stays legible.
      database.exec(`PRAGMA secure_delete = ON; PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL`);
      // Moves the journal into the file, which syncs it again.
      if (this.#isDoubtful) database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      this.#isDoubtful = false;
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }
}

function removeFile(path: string, suffixes: readonly string[] = ['', '-wal', '-shm']): void {
  for (const suffix of suffixes) rmSync(`${path}${suffix}`, { force: true });
}

/** Brings a folder to the disk, without which a power failure may undo a rename. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } catch (error) {
    // Windows cannot sync a folder; there, a rename lasts without it.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  } finally {
    closeSync(folder);
  }
}
