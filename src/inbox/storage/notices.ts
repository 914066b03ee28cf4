import type { Database } from '../../room/storage/database.ts';

/** The notice of a user in one room. */
export interface StoredNotice {
  userId: string;
  roomId: string;
  /** The newest message that the user was or will be notified of. */
  seq: number;
  /** When that message was sent, in epoch milliseconds. */
  at: number;
  /** When it is to be pushed, in epoch milliseconds; null: it was pushed, or need not be. */
  due: number | null;
  /** When a push was last delivered, in epoch milliseconds; null: never. */
  pushedAt: number | null;
}

const SELECT = `SELECT user_id AS userId, room_id AS roomId, seq, at, due, pushed_at AS pushedAt
  FROM notices`;

/** The notices of all inboxes of this database, one for each user and room. */
export class Notices {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  find(userId: string, roomId: string): StoredNotice | undefined {
    return this.#database.first(`${SELECT} WHERE user_id = ? AND room_id = ?`, userId, roomId);
  }

  put({ userId, roomId, seq, at, due, pushedAt }: StoredNotice): void {
    this.#database.run(
      `INSERT OR REPLACE INTO notices (user_id, room_id, seq, at, due, pushed_at)
        VALUES (?, ?, ?, ?, ?, ?)`,
      userId,
      roomId,
      seq,
      at,
      due,
      pushedAt,
    );
  }

  /** Notices that are due, the longest due first. */
  due(now: number, limit: number): StoredNotice[] {
    return this.#database.all(`${SELECT} WHERE due <= ? ORDER BY due LIMIT ?`, now, limit);
  }

  /** When the first notice is due, in epoch milliseconds. */
  firstDue(): number | undefined {
    const row = this.#database.first<{ due: number | null }>(
      'SELECT min(due) AS due FROM notices WHERE due IS NOT NULL',
    );
    return row?.due ?? undefined;
  }

  /** Makes notices due at `latest` that are due later because the clock was set back. */
  bringForward(latest: number): void {
    const query = 'SELECT 1 FROM notices WHERE due > ? LIMIT 1';
    if (this.#database.first(query, latest) === undefined) return;
    this.#database.run('UPDATE notices SET due = ? WHERE due > ?', latest, latest);
  }

  /**
   * Rooms with a push after `since` whose message has been read, or which are gone; the
   * newest push first.
   */
  readSince(userId: string, since: number, limit: number): string[] {
    return this.#database
      .all<{ roomId: string }>(
        `SELECT notices.room_id AS roomId FROM notices
          LEFT JOIN conversations AS one
            ON one.user_id = notices.user_id AND one.room_id = notices.room_id
          WHERE notices.user_id = ? AND pushed_at > ?
            AND (one.room_id IS NULL OR one.gone = 1 OR one.read_up_to >= notices.seq)
          ORDER BY pushed_at DESC LIMIT ?`,
        userId,
        since,
        limit,
      )
      .map(({ roomId }) => roomId);
  }

  forget(userId: string): void {
    this.#database.run('DELETE FROM notices WHERE user_id = ?', userId);
  }
}
