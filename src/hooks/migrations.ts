import { CREATE_DELIVERIES } from '../deliveries/delivery-rows.ts';
import type { Migrations } from '../room/storage/migrations.ts';

/** The schema of the outgoing webhook, as the list of all its migrations. Append only. */
export const hookMigrations: Migrations = [
  [
    `CREATE TABLE hook (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      fingerprint TEXT NOT NULL,
      stopped INTEGER NOT NULL DEFAULT 0
    )`,
    `CREATE TABLE rooms (
      room_id TEXT PRIMARY KEY,
      position TEXT NOT NULL,
      replays INTEGER NOT NULL DEFAULT 0,
      -- The request that is being tried, so that a retry does not ask the room again.
      batch TEXT,
      failing_since INTEGER,
      reason TEXT
    ) WITHOUT ROWID`,
    'CREATE INDEX rooms_failing ON rooms (failing_since) WHERE failing_since IS NOT NULL',
  ],
  CREATE_DELIVERIES,
];
