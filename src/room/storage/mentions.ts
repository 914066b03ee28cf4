import { fixed } from '../../protocol/codes/limits.ts';
import type { Database } from './database.ts';

/** The users whom each message mentions, for counting; the message's own row holds the list. */
export class Mentions {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  add(seq: number, userIds: Iterable<string>): void {
    for (const userId of userIds) {
      this.#database.run('INSERT INTO mentions (user_id, seq) VALUES (?, ?)', userId, seq);
    }
  }

  remove(seq: number, userIds: Iterable<string>): void {
    for (const userId of userIds) {
      this.#database.run('DELETE FROM mentions WHERE user_id = ? AND seq = ?', userId, seq);
    }
  }

  /** Some of the messages that mention `userId`. */
  seqsOf(userId: string, limit: number): number[] {
    return this.#database
      .all<{ seq: number }>('SELECT seq FROM mentions WHERE user_id = ? LIMIT ?', userId, limit)
      .map(({ seq }) => seq);
  }

  /** The newest message above `readUpTo` that mentions `userId` and has ended. */
  newestUnread(userId: string, readUpTo: number): number | undefined {
    const row = this.#database.first<{ seq: number }>(
      `SELECT seq FROM mentions WHERE user_id = ? AND seq > ? AND seq NOT IN (SELECT seq FROM streams)
        ORDER BY seq DESC LIMIT 1`,
      userId,
      readUpTo,
    );
    return row?.seq;
  }

  /**
   * Mentions of `userId` above `readUpTo`, counted up to 100; those of a streaming message count at its
   * end.
   */
  countUnread(userId: string, readUpTo: number): number {
    const row = this.#database.first<{ unread: number }>(
      `SELECT count(*) AS unread FROM (
        SELECT 1 FROM mentions WHERE user_id = ? AND seq > ? AND seq NOT IN (SELECT seq FROM streams)
        LIMIT ?
      )`,
      userId,
      readUpTo,
      fixed.unreadCounted,
    );
    return row?.unread ?? 0;
  }
}
