import { migrate } from './migrations.ts';
import type { Immediate, Sql, SqlValue } from './ports.ts';

/**
 * A room's database that comes into being with the first write: whatever is read before finds no
 * rows, so joining or reading a room that nobody has written to leaves nothing behind.
 */
export class Database {
  readonly #sql: Sql;
  #exists: boolean;

  /** @throws NewerSchema where newer code has written the room */
  constructor(sql: Sql) {
    this.#sql = sql;
    this.#exists = !sql.isEmpty();
    if (this.#exists) migrate(sql);
  }

  all<Row>(query: string, ...bindings: SqlValue[]): Row[] {
    return this.#exists ? this.#sql.all<Row>(query, ...bindings) : [];
  }

  first<Row>(query: string, ...bindings: SqlValue[]): Row | undefined {
    return this.all<Row>(query, ...bindings)[0];
  }

  run(query: string, ...bindings: SqlValue[]): void {
    if (!this.#exists) {
      migrate(this.#sql);
      this.#exists = true;
    }
    this.#sql.run(query, ...bindings);
  }

  /** Drops everything, then lets `found` write what is left of the room. */
  erase(found: () => void): void {
    this.#sql.erase(() => {
      migrate(this.#sql);
      this.#exists = true;
      found();
    });
  }

  tidy(what: 'space' | 'traces'): void {
    this.#sql.tidy(what);
  }

  atomic<T>(body: () => Immediate<T>): T {
    const existed = this.#exists;
    try {
      return this.#sql.atomic(body);
    } catch (error) {
      this.#exists = existed;
      throw error;
    }
  }
}
