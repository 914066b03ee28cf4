import { migrate, migrations, type Migrations } from './migrations.ts';
import type { Immediate, Sql, SqlValue } from '../ports.ts';

/** The first write to a room that is not there yet. */
class Unfounded extends Error {}

/**
 * A room's database that comes into being with the first write: whatever is read before finds no
 * rows, so joining or reading a room without any writes stores nothing.
 */
export class Database {
  readonly #sql: Sql;
  readonly #migrations: Migrations;
  #exists: boolean;
  #depth = 0;
  /** Transactions that were undone, and erasures: what memory says of storage may not hold after one. */
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
      if (this.#depth > 0) throw new Unfounded();
      this.#found();
    }
    this.#sql.run(query, ...bindings);
  }

  /** Drops everything, then lets `found` write what is left of the room. */
  erase(found: () => void): void {
    this.undone++;
    try {
      this.#sql.erase(() => {
        this.#found();
        found();
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
   * Runs `body` whole or not at all. The first one that writes starts again once the tables are
   * there: they are made outside it, for a Durable Object cannot undo the making of a search index.
   */
  atomic<T>(body: () => Immediate<T>): T {
    this.#depth++;
    try {
      return this.#sql.atomic(body);
    } catch (error) {
      this.undone++;
      if (!(error instanceof Unfounded) || this.#depth > 1) throw error;
    } finally {
      this.#depth--;
    }
    this.#found();
    return this.atomic(body);
  }

  #found(): void {
    migrate(this.#sql, this.#migrations);
    this.#exists = true;
  }
}
