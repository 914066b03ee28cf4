import type { Sql } from './ports.ts';

/**
 * The schema, as the list of what was ever done to it. Append only: rooms written by every earlier
 * version are out there. `PRAGMA user_version` is refused in Durable Objects, hence the table.
 */
export const migrations: readonly string[][] = [
  [
    `CREATE TABLE room (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      room_id TEXT NOT NULL,
      epoch TEXT NOT NULL,
      rev INTEGER NOT NULL,
      horizon INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      changed_at INTEGER NOT NULL,
      member_count INTEGER NOT NULL,
      owned INTEGER NOT NULL
    )`,
    `CREATE TABLE messages (
      seq INTEGER PRIMARY KEY,
      rev INTEGER NOT NULL UNIQUE,
      id TEXT NOT NULL,
      sender_id TEXT NOT NULL,
      sender TEXT NOT NULL,
      unverified INTEGER NOT NULL,
      message TEXT NOT NULL,
      timestamp INTEGER NOT NULL,
      UNIQUE (sender_id, id)
    )`,
    `CREATE TABLE members (
      user_id TEXT PRIMARY KEY,
      username TEXT NOT NULL,
      unverified INTEGER NOT NULL,
      role TEXT NOT NULL
    ) WITHOUT ROWID`,
  ],
];

/** Thrown for a room that newer code has written. */
export class NewerSchema extends Error {
  constructor(found: number) {
    super(
      `This room was written by a newer Parlor (schema ${found}, known are ${migrations.length}): run that version or a later one.`,
    );
    this.name = 'NewerSchema';
  }
}

/** Brings a database to the newest schema; an empty one is made whole. */
export function migrate(sql: Sql): void {
  sql.atomic(() => {
    sql.run('CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)');
    const done = sql.all<{ done: number }>(
      'SELECT coalesce(max(version), 0) AS done FROM migrations',
    )[0]!.done;
    if (done > migrations.length) throw new NewerSchema(done);
    for (let at = done; at < migrations.length; at++) {
      for (const statement of migrations[at]!) sql.run(statement);
      sql.run('INSERT INTO migrations (version) VALUES (?)', at + 1);
    }
  });
}
