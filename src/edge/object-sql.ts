import type { Immediate, Sql, SqlValue } from '../room/ports.ts';

/** A room's database in its Durable Object. */
export class ObjectSql implements Sql {
  readonly #storage: DurableObjectStorage;

  readonly #erased: () => void;

  /** @param erased stores again what is not the room's, after everything was dropped */
  constructor(storage: DurableObjectStorage, erased: () => void = () => undefined) {
    this.#storage = storage;
    this.#erased = erased;
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

  /** `deleteAll` is refused within a transaction; what the same turn writes after it is stored with it. */
  erase(found: () => void): void {
    void this.#storage.deleteAll();
    this.#storage.transactionSync(found);
    this.#erased();
  }

  /** The platform has no VACUUM and no secure_delete; freed pages are used for what comes next. */
  reclaimSpace(): void {}

  atomic<T>(body: () => Immediate<T>): T {
    return this.#storage.transactionSync(body);
  }
}
