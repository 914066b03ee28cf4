import { migrate, migrations, type Migrations } from './migrations.ts';
import type { Immediate, Sql, SqlValue } from '../ports.ts';

/** Thrown at the first write to a room whose tables do not exist yet. */
class TablesMissing extends Error {}

/**
 * A room's database, whose tables are made at the first write. Before that, reads find no rows, so
 * joining or reading a room that was never written stores nothing.
 */
export class Database {
  readonly #sql: Sql;
  readonly #migrations: Migrations;
  #exists: boolean;
  #depth = 0;
  /** Counts undone transactions and erasures: after each, what memory holds of storage may be wrong. */
  undone = 0;

  /** @throws NewerSchema where newer code has written the room */
  constructor(sql: Sql, schema: Migrations = migrations) {
    this.#sql = sql;
    this.#migrations = schema;
    this.#exists = !sql.isEmpty();
    if (this.#exists) migrate(sql, schema);
  }

  all<Row>(query: string, ...bindings: SqlValue[]): Row[] {
    return this.#exists ? this.#sql.all<Row>(query, ...bindings) : [];
  }

  first<Row>(query: string, ...bindings: SqlValue[]): Row | undefined {
    return this.all<Row>(query, ...bindings)[0];
  }

  run(query: string, ...bindings: SqlValue[]): void {
    if (!this.#exists) {
      if (this.#depth > 0) throw new TablesMissing();
      this.#makeTables();
    }
    this.#sql.run(query, ...bindings);
  }

  /**
   * Erases everything, makes the tables again, then calls `writeRest` to write what remains of the
   * room.
   */
  erase(writeRest: () => void): void {
    this.undone++;
    try {
      this.#sql.erase(() => {
        this.#makeTables();
        writeRest();
      });
    } catch (error) {
      this.undone++;
      throw error;
    }
  }

  reclaimSpace(what: 'space' | 'traces'): void {
    this.#sql.reclaimSpace(what);
  }

  /**
   * Runs `body` completely or not at all. The first body that writes runs again once the tables exist:
   * they are made outside its transaction, because a Durable Object cannot undo the making of a search
   * index.
   */
  atomic<T>(body: () => Immediate<T>): T {
    this.#depth++;
    try {
      return this.#sql.atomic(body);
    } catch (error) {
      this.undone++;
      if (!(error instanceof TablesMissing) || this.#depth > 1) throw error;
    } finally {
      this.#depth--;
    }
    this.#makeTables();
    return this.atomic(body);
  }

  #makeTables(): void {
    migrate(this.#sql, this.#migrations);
    this.#exists = true;
  }
}
