import type { Immediate, Sql, SqlValue } from '../room/ports.ts';

/** The database of a Durable Object, for the object that it hosts. */
export class ObjectSql implements Sql {
  readonly #storage: DurableObjectStorage;

  readonly #erased: () => void;

  /** @param erased called after everything was dropped, to store the host's own values again */
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

  /**
   * `deleteAll` is not allowed within a transaction; writes of the same turn after it are committed
   * together with it.
   */
  erase(found: () => void): void {
    void this.#storage.deleteAll();
    this.#storage.transactionSync(found);
    this.#erased();
  }

  /** Does nothing: the platform has no VACUUM and no secure_delete, and reuses freed pages. */
  reclaimSpace(): void {}

  atomic<T>(body: () => Immediate<T>): T {
    return this.#storage.transactionSync(body);
  }
}
