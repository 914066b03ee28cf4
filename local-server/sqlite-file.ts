import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Immediate, Sql, SqlValue } from '../src/room/ports.ts';

/** What an acknowledged write survives: a power failure, or a killed process. */
export type Durability = 'disk' | 'process';

/**
 * One room's database in a file, which comes into being with the first write. Everything between two
 * calls of `commit` shares one transaction; each `atomic` is a savepoint of it.
 */
export class SqliteFile implements Sql {
  readonly #path: string;
  readonly #durability: Durability;
  readonly #onOpen: () => void;
  #database: DatabaseSync | undefined;
  #statements = new Map<string, StatementSync>();
  #inTransaction = false;
  #depth = 0;

  /** @param onOpen is called before the file is opened, to make room for one more. */
  constructor(path: string, durability: Durability, onOpen: () => void) {
    this.#path = path;
    this.#durability = durability;
    this.#onOpen = onOpen;
  }

  get isOpen(): boolean {
    return this.#database !== undefined;
  }

  isEmpty(): boolean {
    if (this.#database === undefined && !existsSync(this.#path)) return true;
    return this.all("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").length === 0;
  }

  all<Row>(query: string, ...bindings: SqlValue[]): Row[] {
    return this.#statement(query).all(...bindings) as Row[];
  }

  run(query: string, ...bindings: SqlValue[]): void {
    const database = this.#open();
    if (!this.#inTransaction) {
      database.exec('BEGIN');
      this.#inTransaction = true;
    }
    this.#statement(query).run(...bindings);
  }

  atomic<T>(body: () => Immediate<T>): T {
    // Nothing to undo yet: a file that `body` makes is undone as a whole.
    if (this.#database === undefined && !existsSync(this.#path)) return this.#founding(body);
    const database = this.#open();
    if (!this.#inTransaction) {
      database.exec('BEGIN');
      this.#inTransaction = true;
    }
    const savepoint = `s${this.#depth++}`;
    this.#statement(`SAVEPOINT ${savepoint}`).run();
    try {
      const result = body();
      this.#statement(`RELEASE ${savepoint}`).run();
      return result;
    } catch (error) {
      this.#undo(savepoint);
      throw error;
    } finally {
      this.#depth--;
    }
  }

  /** Makes everything since the last call durable. @throws what SQLite throws; then `discard`. */
  commit(): void {
    if (!this.#inTransaction) return;
    this.#statement('COMMIT').run();
    this.#inTransaction = false;
  }

  /** Closes the file; it opens again when it is next needed. Nothing may be uncommitted. */
  close(): void {
    this.#statements = new Map();
    this.#inTransaction = false;
    this.#database?.close();
    this.#database = undefined;
  }

  /** Closes the file and drops what was not committed. Never throws. */
  discard(): void {
    try {
      this.close();
    } catch {
      this.#database = undefined;
    }
  }

  #founding<T>(body: () => Immediate<T>): T {
    try {
      return body();
    } catch (error) {
      if (this.#database !== undefined) {
        this.discard();
        for (const suffix of ['', '-wal', '-shm'])
          rmSync(`${this.#path}${suffix}`, { force: true });
      }
      throw error;
    }
  }

  #undo(savepoint: string): void {
    // A failure such as a full disk may have ended the whole transaction already.
    if (this.#database?.isTransaction !== true) return;
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
    mkdirSync(dirname(this.#path), { recursive: true });
    const database = new DatabaseSync(this.#path);
    const synchronous = this.#durability === 'disk' ? 'FULL' : 'NORMAL';
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
    this.#database = database;
    return database;
  }
}
