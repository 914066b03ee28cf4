import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import type { Notify } from '../../protocol/inbox-objects.ts';
import type { Database } from './database.ts';
import { RowCache } from './row-cache.ts';

/** The state last sent to the inbox of a user, and when to evaluate the user again. */
export interface SentState {
  userId: string;
  /** A `Signature` as JSON; null where the inbox was sent that the conversation is gone, or nothing yet. */
  state: string | null;
  version: number;
  /** When that was sent, in epoch milliseconds. */
  at: number;
  /** The message whose excerpt was sent. */
  lastSeq: number | null;
  /** When to compare it with the current state, in epoch milliseconds; null: after the next change. */
  due: number | null;
  notify: Notify | null;
  /** In a direct room: the user has blocked the other one, or has opened the room. */
  blocks: boolean;
  opened: boolean;
}

interface Row extends Omit<SentState, 'blocks' | 'opened'> {
  blocks: number;
  opened: number;
}

/** State of the inbox updates that belongs to the room, not to one user. */
export interface UpdateProgress {
  /** The highest version sent to any inbox. It grows even when the room is erased and made again. */
  version: number;
  /** The latest time to evaluate users whose inbox shows "read"; null: no message since the last time. */
  passDue: number | null;
  /** The last user id that a sweep over all members has reached; null: no sweep is under way. */
  sweptTo: string | null;
}

const SELECT = `SELECT user_id AS userId, state, version, at, last_seq AS lastSeq, due, notify, blocks,
  opened FROM told`;

/** What was last sent to the inboxes of members: the tables `told` and, for the room, `telling`. */
export class SentStates {
  /** Whether inboxes get updates; a host that carries no deliveries has none. */
  readonly isOn: boolean;
  readonly #database: Database;
  /** Whether something was marked since the last step of updates, which resets this. */
  hasMarks = false;
  /** The marks that `markMessage` has stored, so that it does not store them again. */
  readonly #marked: RowCache<{ pass: boolean; senders: Set<string> }>;
  /** Marked users whose inbox does not hold the conversation, until they are evaluated. */
  readonly newcomers = new Set<string>();

  constructor(database: Database, isOn: boolean) {
    this.#database = database;
    this.isOn = isOn;
    this.#marked = new RowCache(database, () => ({ pass: false, senders: new Set() }));
  }

  find(userId: string): SentState | undefined {
    return this.#read('WHERE user_id = ?', userId)[0];
  }

  put(sent: SentState): void {
    const { unread, notify } = stateIn(sent);
    this.#marked.value.senders.delete(sent.userId);
    this.#database.run(
      `INSERT OR REPLACE INTO told
        (user_id, state, version, at, last_seq, due, notify, blocks, opened, unread, repeats)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      sent.userId,
      sent.state,
      sent.version,
      sent.at,
      sent.lastSeq,
      sent.due,
      sent.notify,
      sent.blocks ? 1 : 0,
      sent.opened ? 1 : 0,
      unread === true ? 1 : 0,
      unread === true && notify === 'all' ? 1 : 0,
    );
    this.hasMarks = true;
  }

  remove(userId: string): void {
    this.hasMarks = true;
    this.#marked.value.senders.delete(userId);
    this.#database.run('DELETE FROM told WHERE user_id = ?', userId);
  }

  /** Evaluates a user at `due` at the latest. */
  mark(userId: string, due: number): void {
    if (!this.isOn) return;
    this.#database.run(
      `INSERT INTO told (user_id, version, at, due, unread) VALUES (?, 0, 0, ?, 0)
        ON CONFLICT (user_id) DO UPDATE SET due = excluded.due WHERE due IS NULL OR due > excluded.due`,
      userId,
      due,
    );
    if (this.find(userId)?.state === null) this.newcomers.add(userId);
    this.hasMarks = true;
  }

  /** Evaluates at `due` the users whose inbox does not hold the conversation. */
  markUnsent(users: Iterable<{ userId: string }>, due: number): void {
    if (!this.isOn) return;
    for (const { userId } of users) {
      this.#database.run(
        `INSERT INTO told (user_id, version, at, due, unread) VALUES (?, 0, 0, ?, 0)
          ON CONFLICT (user_id) DO UPDATE SET due = excluded.due WHERE state IS NULL`,
        userId,
        due,
      );
      if (this.find(userId)?.state === null) this.newcomers.add(userId);
    }
    this.hasMarks = true;
  }

  /** Evaluates a user who has read further: at once if the inbox shows "unread", else at `due`. */
  markRead(userId: string, due: number): void {
    if (!this.isOn) return;
    this.#database.run(
      `UPDATE told SET due = CASE unread WHEN 1 THEN 0 ELSE ? END
        WHERE user_id = ? AND (due IS NULL OR (unread = 1 AND due > 0))`,
      due,
      userId,
    );
    this.hasMarks = true;
  }

  /** Evaluates users whose unread mentions were changed by an edit. */
  markKnown(userIds: Iterable<string>): void {
    if (!this.isOn) return;
    for (const userId of userIds) {
      this.#database.run('UPDATE told SET due = 0 WHERE user_id = ?', userId);
    }
    this.hasMarks = true;
  }

  /**
   * A message was sent. Marks three groups: users whose inbox shows "read", all together; mentioned
   * users whose inbox shows "unread", one by one; and the sender, within a minute, for the excerpt.
   */
  markMessage(now: number, senderId: string, mentioned: readonly string[]): void {
    if (!this.isOn) return;
    this.hasMarks = true;
    const latest = now + inboxLimits.presentMs;
    if (this.#marked.value.senders.size >= MAX_SENDERS) this.#marked.clear();
    const marked = this.#marked.value;
    if (!marked.pass) this.#markPass(latest);
    for (const userId of mentioned) {
      this.#database.run(
        'UPDATE told SET due = ? WHERE user_id = ? AND unread = 1 AND due IS NULL',
        now,
        userId,
      );
    }
    if (marked.senders.has(senderId)) return;
    this.#database.run(
      'UPDATE told SET due = ? WHERE user_id = ? AND due IS NULL',
      latest,
      senderId,
    );
    marked.senders.add(senderId);
  }

  #markPass(latest: number): void {
    this.#database.run(
      `INSERT INTO telling (one, version, pass_due) VALUES (1, 0, ?)
        ON CONFLICT (one) DO UPDATE SET pass_due = excluded.pass_due WHERE pass_due IS NULL`,
      latest,
    );
    this.#marked.value.pass = true;
  }

  /** Starts a sweep over all members. */
  markAll(): void {
    if (!this.isOn) return;
    this.#database.run(
      `INSERT INTO telling (one, version, swept_to) VALUES (1, 0, '')
        ON CONFLICT (one) DO UPDATE SET swept_to = ''`,
    );
    this.hasMarks = true;
  }

  /** A message was edited: starts a sweep over all members if an inbox shows its excerpt. */
  markExcerpt(seq: number): void {
    const query = 'SELECT 1 FROM told WHERE last_seq = ? LIMIT 1';
    if (this.#database.first(query, seq) !== undefined) this.markAll();
  }

  state(): UpdateProgress {
    return (
      this.#database.first<UpdateProgress>(
        'SELECT version, pass_due AS passDue, swept_to AS sweptTo FROM telling',
      ) ?? { version: 0, passDue: null, sweptTo: null }
    );
  }

  /**
   * The next version: above all earlier ones, and above the clock, with which a room without storage
   * answers.
   */
  nextVersion(now: number): number {
    const [row] = this.#database.all<{ version: number }>(
      `INSERT INTO telling (one, version) VALUES (1, ?)
        ON CONFLICT (one) DO UPDATE SET version = max(version + 1, excluded.version)
        RETURNING version`,
      now + 1,
    );
    return row?.version ?? now;
  }

  setSweptTo(userId: string | null): void {
    this.#database.run('UPDATE telling SET swept_to = ?', userId);
  }

  /** Records that the pass over the users in `affectedByMessage` is over. */
  passed(): void {
    this.#marked.value.pass = false;
    this.#database.run('UPDATE telling SET pass_due = NULL WHERE pass_due IS NOT NULL');
  }

  /** Users due by now, the longest due first. */
  due(now: number, limit: number): string[] {
    return this.#ids('WHERE due <= ? ORDER BY due LIMIT ?', now, limit);
  }

  /** Makes users due whose time lies in the far future because the clock was set back. */
  bringForward(now: number, latest: number): void {
    const query = 'SELECT 1 FROM told WHERE due > ? LIMIT 1';
    if (this.#database.first(query, latest) === undefined) return;
    this.#database.run('UPDATE told SET due = ? WHERE due > ?', now, latest);
  }

  firstDue(): number | undefined {
    const row = this.#database.first<{ due: number | null }>(
      'SELECT min(due) AS due FROM told WHERE due IS NOT NULL',
    );
    return row?.due ?? undefined;
  }

  /**
   * Users whom a new message may concern, after `userId`, by user id: their inbox shows "read", or they
   * are notified of every message.
   */
  affectedByMessage(userId: string, limit: number): string[] {
    return this.#ids(
      `WHERE state IS NOT NULL AND (unread = 0 OR repeats = 1) AND user_id > ?
        ORDER BY user_id LIMIT ?`,
      userId,
      limit,
    );
  }

  /** Users whose inbox holds the conversation. */
  all(): string[] {
    return this.#ids('WHERE state IS NOT NULL');
  }

  /** Marks the users whose inboxes held the conversation, after the room was erased. */
  restore(userIds: readonly string[], { version }: UpdateProgress): void {
    this.#database.run('INSERT OR REPLACE INTO telling (one, version) VALUES (1, ?)', version);
    for (const userId of userIds) {
      this.#database.run(
        "INSERT INTO told (user_id, state, version, at, due, unread) VALUES (?, '{}', 0, 0, 0, 0)",
        userId,
      );
    }
  }

  #ids(rest: string, ...bindings: (string | number)[]): string[] {
    return this.#database
      .all<{ userId: string }>(`SELECT user_id AS userId FROM told ${rest}`, ...bindings)
      .map(({ userId }) => userId);
  }

  #read(rest: string, ...bindings: (string | number)[]): SentState[] {
    return this.#database.all<Row>(`${SELECT} ${rest}`, ...bindings).map((row) => ({
      ...row,
      blocks: row.blocks === 1,
      opened: row.opened === 1,
    }));
  }
}

/** Most senders kept in memory as marked. When they are dropped, each costs one more statement. */
const MAX_SENDERS = 1_000;

function stateIn({ state }: SentState): { unread?: boolean; notify?: Notify } {
  return state === null ? {} : (JSON.parse(state) as { unread?: boolean; notify?: Notify });
}

/** Adds the column and index for users who are notified of every message, also while unread. */
export const ADD_REPEATS: readonly string[] = [
  'ALTER TABLE told ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0',
  `UPDATE told SET repeats = 1
    WHERE unread = 1 AND json_extract(state, '$.notify') = 'all'`,
  'DROP INDEX told_read',
  `CREATE INDEX told_listening ON told (user_id)
    WHERE state IS NOT NULL AND (unread = 0 OR repeats = 1)`,
];

/** Makes the tables, and starts a sweep in rooms that already have members. */
export const CREATE_SENT_STATES: readonly string[] = [
  `CREATE TABLE told (
    user_id TEXT PRIMARY KEY,
    state TEXT,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    last_seq INTEGER,
    due INTEGER,
    notify TEXT,
    blocks INTEGER NOT NULL DEFAULT 0,
    opened INTEGER NOT NULL DEFAULT 0,
    unread INTEGER NOT NULL
  ) WITHOUT ROWID`,
  'CREATE INDEX told_due ON told (due) WHERE due IS NOT NULL',
  'CREATE INDEX told_read ON told (user_id) WHERE unread = 0 AND state IS NOT NULL',
  'CREATE INDEX told_last ON told (last_seq) WHERE last_seq IS NOT NULL',
  `CREATE TABLE telling (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    pass_due INTEGER,
    swept_to TEXT
  )`,
  "INSERT INTO telling (one, version, swept_to) SELECT 1, 0, '' FROM room WHERE member_count > 0",
];
