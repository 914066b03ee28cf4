import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** From here on the file takes so many more pages; SQLite keeps such a limit with a connection. */
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
