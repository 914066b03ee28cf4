import { DatabaseSync, type StatementSync } from 'node:sqlite';

/**
 * Limits a database file to `morePages` more pages, in each connection when it next prepares a statement:
 * SQLite keeps the limit in the connection.
 * @returns a function that ends this for connections without a limit yet
 */
export function fillDisk(path: string, morePages: number): () => void {
  const prepare: (this: DatabaseSync, query: string) => StatementSync = Reflect.get(
    DatabaseSync.prototype,
    'prepare',
  );
  const limited = new WeakSet<DatabaseSync>();
  DatabaseSync.prototype.prepare = function limitPages(this: DatabaseSync, query) {
    if (!limited.has(this) && this.location() === path) {
      limited.add(this);
      const { page_count: count = 0 } = prepare.call(this, 'PRAGMA page_count').get() as {
        page_count?: number;
      };
      prepare.call(this, `PRAGMA max_page_count = ${count + morePages}`).get();
    }
    return prepare.call(this, query);
  };
  return () => {
    DatabaseSync.prototype.prepare = prepare;
  };
}
