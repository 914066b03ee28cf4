import type { Immediate, Sql, SqlValue } from '../room/ports.ts';

/** A room's database in its Durable Object. */
export class ObjectSql implements Sql {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  isEmpty(): boolean {
    const found = this.all("SELECT 1 FROM sqlite_master WHERE name = 'migrations'");
    return found.length === 0;
  }

  all<Row>(query: string, ...bindings: SqlValue[]): Row[] {
    return this.#storage.sql.exec(query, ...bindings).toArray() as Row[];
  }

  run(query: string, ...bindings: SqlValue[]): void {
    this.#storage.sql.exec(query, ...bindings);
  }

  atomic<T>(body: () => Immediate<T>): T {
    return this.#storage.transactionSync(body);
  }
}
