import { CREATE_DELIVERIES } from '../../deliveries/delivery-rows.ts';
import { ADD_REPEATS, CREATE_SENT_STATES } from './sent-states.ts';
import { mergeReactions } from './merge-reactions.ts';
import { indexFileNames, indexLongMessages } from './index-again.ts';
import type { Sql } from '../ports.ts';
import { TOKENIZER } from '../search/index-text.ts';

/** A statement, or a function for a step that takes more than SQL. */
export type Step = string | ((sql: Sql) => void);

/** The steps of each version, oldest first. Append only. */
export type Migrations = readonly (readonly Step[])[];

/**
 * The schema, as the list of all its changes. Append only: rooms written by every earlier version
 * exist. The version is kept in a table, since Durable Objects refuse `PRAGMA user_version`.
 */
export const migrations: Migrations = [
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
  [
    'ALTER TABLE room ADD COLUMN topic TEXT',
    'ALTER TABLE room ADD COLUMN private INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE room ADD COLUMN read_only INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE room ADD COLUMN slow_mode_seconds INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE room ADD COLUMN retention_days INTEGER',
    'ALTER TABLE messages ADD COLUMN edited_at INTEGER',
    'ALTER TABLE messages ADD COLUMN deleted_at INTEGER',
    'ALTER TABLE messages ADD COLUMN deleted_by TEXT',
    'ALTER TABLE messages ADD COLUMN reply_to INTEGER',
    'ALTER TABLE messages ADD COLUMN mentions TEXT',
    'ALTER TABLE messages ADD COLUMN meta TEXT',
    'ALTER TABLE messages ADD COLUMN reactions TEXT',
    'CREATE INDEX messages_replies ON messages (reply_to, seq) WHERE reply_to IS NOT NULL',
    'ALTER TABLE members ADD COLUMN read_up_to INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE members ADD COLUMN muted_until INTEGER',
    'ALTER TABLE members ADD COLUMN banned INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE members ADD COLUMN kicked_until INTEGER',
    'ALTER TABLE members ADD COLUMN last_sent_at INTEGER',
    'UPDATE members SET read_up_to = coalesce((SELECT rev FROM room), 0)',
    `CREATE TABLE reactions (
      seq INTEGER NOT NULL,
      emoji TEXT NOT NULL,
      user_id TEXT NOT NULL,
      PRIMARY KEY (seq, emoji, user_id)
    ) WITHOUT ROWID`,
    'CREATE INDEX reactions_by_user ON reactions (user_id)',
    `CREATE TABLE mentions (
      user_id TEXT NOT NULL,
      seq INTEGER NOT NULL,
      PRIMARY KEY (user_id, seq)
    ) WITHOUT ROWID`,
    `CREATE TABLE audit (
      id INTEGER PRIMARY KEY,
      timestamp INTEGER NOT NULL,
      by TEXT NOT NULL,
      act TEXT NOT NULL,
      user_id TEXT,
      seq INTEGER,
      note TEXT,
      change TEXT
    )`,
    // The text itself is stored in messages only; secure-delete leaves no trace of removed tokens.
    `CREATE VIRTUAL TABLE search USING fts5(
      message, sender_id, content = 'messages', content_rowid = 'seq', tokenize = 'unicode61'
    )`,
    "INSERT INTO search (search, rank) VALUES ('secure-delete', 1)",
    "INSERT INTO search (search) VALUES ('rebuild')",
  ],
  [
    // 'marked': to be erased; 'erased': nothing but this row is left, so that the name stays taken.
    'ALTER TABLE room ADD COLUMN deletion TEXT',
    'ALTER TABLE room ADD COLUMN importing INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE room ADD COLUMN pruned_at INTEGER',
    'ALTER TABLE room ADD COLUMN erasures INTEGER NOT NULL DEFAULT 0',
    // Counts changes to the list of members, as rev does for messages.
    'ALTER TABLE room ADD COLUMN touched INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE members ADD COLUMN touched INTEGER NOT NULL DEFAULT 0',
    'CREATE INDEX members_touched ON members (touched)',
    'CREATE INDEX audit_by ON audit (by)',
    'CREATE INDEX audit_about ON audit (user_id) WHERE user_id IS NOT NULL',
    `CREATE TABLE erasures (
      id INTEGER PRIMARY KEY,
      user_id TEXT UNIQUE,
      by TEXT NOT NULL,
      phase TEXT NOT NULL
    )`,
  ],
  [
    // For counting undeleted replies without reading the deleted ones one by one.
    `CREATE INDEX messages_answers ON messages (reply_to, deleted_at)
      WHERE reply_to IS NOT NULL`,
  ],
  [
    // The seq up to which messages are indexed; during an import each line is indexed at once.
    'ALTER TABLE room ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0',
    `UPDATE room SET indexed = CASE importing WHEN 1 THEN ${Number.MAX_SAFE_INTEGER} ELSE rev END`,
  ],
  [
    // Keys that find members by part of a name: see `protocol/fold.ts`.
    `CREATE TABLE member_keys (
      key TEXT NOT NULL,
      user_id TEXT NOT NULL,
      PRIMARY KEY (key, user_id)
    ) WITHOUT ROWID`,
    'CREATE INDEX member_keys_of ON member_keys (user_id)',
  ],
  [
    // The index holds folded tokens instead of the text. Rooms are indexed again, step by step; so they
    // must be after any change by which the same text gives other tokens.
    'DROP TABLE search',
    `CREATE VIRTUAL TABLE search USING fts5(
      tokens, content = '', columnsize = 0, tokenize = "${TOKENIZER}"
    )`,
    "INSERT INTO search (search, rank) VALUES ('secure-delete', 1)",
    // A view of the index, which stores nothing.
    'CREATE VIRTUAL TABLE search_tokens USING fts5vocab(search, instance)',
    'ALTER TABLE room ADD COLUMN unindexed_to INTEGER NOT NULL DEFAULT 0',
    'UPDATE room SET unindexed_to = indexed',
  ],
  [mergeReactions],
  CREATE_DELIVERIES,
  CREATE_SENT_STATES,
  [
    // 'streaming', or how a streamed text ended, if not as done; null for every other message.
    'ALTER TABLE messages ADD COLUMN status TEXT',
    `CREATE TABLE streams (
      seq INTEGER PRIMARY KEY,
      user_id TEXT NOT NULL,
      heard_at INTEGER NOT NULL,
      stop_requested INTEGER NOT NULL DEFAULT 0
    )`,
    'CREATE INDEX streams_of ON streams (user_id)',
    // The text of a streaming message, a row for each flush; length and bytes count up to the row's
    // end.
    `CREATE TABLE chunks (
      seq INTEGER NOT NULL,
      start INTEGER NOT NULL,
      text TEXT NOT NULL,
      length INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (seq, start)
    ) WITHOUT ROWID`,
  ],
  [
    // Members up to this user id have their keys; upkeep writes those of the others. Null: all have.
    'ALTER TABLE room ADD COLUMN keyed_to TEXT',
    `UPDATE room SET keyed_to = ''
      WHERE EXISTS (SELECT 1 FROM members) AND NOT EXISTS (SELECT 1 FROM member_keys)`,
  ],
  [
    `CREATE TABLE files (
      file_id TEXT PRIMARY KEY,
      epoch TEXT NOT NULL,
      uploader_id TEXT NOT NULL,
      name TEXT NOT NULL,
      size INTEGER NOT NULL,
      type TEXT,
      sha256 TEXT,
      width INTEGER,
      height INTEGER,
      preview_of TEXT,
      seq INTEGER,
      expires_at INTEGER
    ) WITHOUT ROWID`,
    'CREATE INDEX files_of_message ON files (seq) WHERE seq IS NOT NULL',
    'CREATE INDEX files_expiry ON files (expires_at) WHERE expires_at IS NOT NULL',
    'CREATE INDEX files_of_uploader ON files (uploader_id) WHERE seq IS NULL',
    `CREATE TABLE file_use (
      day INTEGER NOT NULL,
      user_id TEXT NOT NULL,
      bytes INTEGER NOT NULL,
      PRIMARY KEY (day, user_id)
    ) WITHOUT ROWID`,
    'ALTER TABLE messages ADD COLUMN files TEXT',
    // NULL in a room that nothing was ever uploaded to.
    'ALTER TABLE room ADD COLUMN file_bytes INTEGER',
    'ALTER TABLE room ADD COLUMN drop_files_at INTEGER',
  ],
  [
    'ALTER TABLE messages ADD COLUMN bot INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE members ADD COLUMN bot INTEGER NOT NULL DEFAULT 0',
  ],
  [
    'ALTER TABLE room ADD COLUMN sweep_files_at INTEGER',
    'ALTER TABLE room ADD COLUMN swept_to TEXT',
  ],
  // Searches cover the names of files, too: rooms with files are indexed again.
  [indexFileNames],
  [
    // A webhook with the key_hash null was imported: exports hold no keys.
    `CREATE TABLE incoming (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      created_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      key_hash TEXT UNIQUE
    ) WITHOUT ROWID`,
  ],
  ADD_REPEATS,
  [
    // A kind of the application's own, and its data as JSON.
    'ALTER TABLE messages ADD COLUMN kind TEXT',
    'ALTER TABLE messages ADD COLUMN data TEXT',
    // Values that users have stored about messages. A row that changes gets a new id, the highest.
    `CREATE TABLE per_user (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      seq INTEGER NOT NULL,
      user_id TEXT NOT NULL,
      value TEXT,
      UNIQUE (seq, user_id)
    )`,
    'CREATE INDEX per_user_of ON per_user (user_id)',
  ],
  // Banned and kicked users are looked up before files are read.
  [
    `CREATE INDEX members_refused ON members (user_id)
      WHERE banned = 1 OR kicked_until IS NOT NULL`,
  ],
  // `seq` of each pinned message, as JSON; null where there are none.
  ['ALTER TABLE room ADD COLUMN pins TEXT'],
  // Some long messages were not indexed.
  [indexLongMessages],
];

/** Thrown for a room that newer code has written. */
export class NewerSchema extends Error {
  constructor(found: number, known: number) {
    super(
      `This was written by a newer Parlor (schema ${found}, known are ${known}): run that version or a later one.`,
    );
    this.name = 'NewerSchema';
  }
}

/** Brings a database to the newest schema; an empty one gets all tables. */
export function migrate(sql: Sql, schema: Migrations = migrations): void {
  sql.atomic(() => {
    sql.run('CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)');
    const done = sql.all<{ done: number }>(
      'SELECT coalesce(max(version), 0) AS done FROM migrations',
    )[0]!.done;
    if (done > schema.length) throw new NewerSchema(done, schema.length);
    for (let at = done; at < schema.length; at++) {
      for (const step of schema[at]!) {
        if (typeof step === 'string') sql.run(step);
        else step(sql);
      }
      sql.run('INSERT INTO migrations (version) VALUES (?)', at + 1);
    }
  });
}
