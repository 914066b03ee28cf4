import { CREATE_DELIVERIES } from '../../deliveries/delivery-rows.ts';
import type { Migrations } from '../../room/storage/migrations.ts';

/** The schema of inboxes, as the list of all its migrations. Append only. */
export const inboxMigrations: Migrations = [
  [
    `CREATE TABLE inboxes (
      user_id TEXT PRIMARY KEY,
      epoch TEXT NOT NULL,
      rev INTEGER NOT NULL,
      -- Since an erasure: states of rooms with a lower version are ignored.
      floor INTEGER NOT NULL DEFAULT 0,
      -- The last room that a rebuild has asked.
      rebuilt_to TEXT
    ) WITHOUT ROWID`,
    // Rows of rooms that are gone stay: an inbox keeps every room it ever held.
    `CREATE TABLE conversations (
      user_id TEXT NOT NULL,
      room_id TEXT NOT NULL,
      rev INTEGER NOT NULL,
      version INTEGER NOT NULL,
      as_of INTEGER NOT NULL,
      gone INTEGER NOT NULL,
      kind TEXT NOT NULL,
      topic TEXT,
      with_user TEXT,
      last TEXT,
      role TEXT NOT NULL,
      read_up_to INTEGER NOT NULL,
      unread INTEGER NOT NULL,
      unread_mentions INTEGER NOT NULL,
      notify TEXT NOT NULL,
      activity_at INTEGER NOT NULL,
      pinned INTEGER NOT NULL DEFAULT 0,
      archived INTEGER NOT NULL DEFAULT 0,
      unread_from INTEGER,
      draft TEXT,
      PRIMARY KEY (user_id, room_id)
    ) WITHOUT ROWID`,
    'CREATE INDEX conversations_changed ON conversations (user_id, rev)',
    `CREATE INDEX conversations_listed
      ON conversations (user_id, pinned, activity_at, room_id) WHERE gone = 0`,
    `CREATE INDEX conversations_unread ON conversations (user_id)
      WHERE gone = 0 AND (unread > 0 OR unread_from IS NOT NULL)`,
    `CREATE TABLE blocks (
      user_id TEXT NOT NULL,
      blocked_id TEXT NOT NULL,
      PRIMARY KEY (user_id, blocked_id)
    ) WITHOUT ROWID`,
    // Direct rooms that a user has made, for the daily limit.
    `CREATE TABLE directs_made (
      user_id TEXT NOT NULL,
      at INTEGER NOT NULL,
      room_id TEXT NOT NULL,
      PRIMARY KEY (user_id, room_id)
    ) WITHOUT ROWID`,
  ],
  CREATE_DELIVERIES,
  [
    `CREATE TABLE push_subscriptions (
      user_id TEXT NOT NULL,
      endpoint TEXT NOT NULL,
      id TEXT NOT NULL,
      p256dh TEXT NOT NULL,
      auth TEXT NOT NULL,
      rooms TEXT,
      at INTEGER NOT NULL,
      PRIMARY KEY (user_id, endpoint)
    ) WITHOUT ROWID`,
    'CREATE UNIQUE INDEX push_subscriptions_id ON push_subscriptions (id)',
    `CREATE TABLE notices (
      user_id TEXT NOT NULL,
      room_id TEXT NOT NULL,
      seq INTEGER NOT NULL,
      at INTEGER NOT NULL,
      due INTEGER,
      pushed_at INTEGER,
      PRIMARY KEY (user_id, room_id)
    ) WITHOUT ROWID`,
    'CREATE INDEX notices_due ON notices (due) WHERE due IS NOT NULL',
    'CREATE INDEX notices_pushed ON notices (user_id, pushed_at) WHERE pushed_at IS NOT NULL',
  ],
  // 1: the room has erased the user. The row keeps late states of the room out until the
  // inbox is erased.
  ['ALTER TABLE conversations ADD COLUMN erased INTEGER NOT NULL DEFAULT 0'],
];
