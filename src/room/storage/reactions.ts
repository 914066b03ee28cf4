import type { Reaction } from '../../protocol/objects.ts';
import type { Database } from './database.ts';

/** The reactions of each user; their counts are stored in the message's row. */
export class Reactions {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  has(seq: number, emoji: string, userId: string): boolean {
    const row = this.#database.first(
      'SELECT 1 FROM reactions WHERE seq = ? AND emoji = ? AND user_id = ?',
      seq,
      emoji,
      userId,
    );
    return row !== undefined;
  }

  add(seq: number, emoji: string, userId: string): void {
    this.#database.run(
      'INSERT INTO reactions (seq, emoji, user_id) VALUES (?, ?, ?)',
      seq,
      emoji,
      userId,
    );
  }

  remove(seq: number, emoji: string, userId: string): void {
    this.#database.run(
      'DELETE FROM reactions WHERE seq = ? AND emoji = ? AND user_id = ?',
      seq,
      emoji,
      userId,
    );
  }

  removeAll(seq: number): void {
    this.#database.run('DELETE FROM reactions WHERE seq = ?', seq);
  }

  /** A user's reactions after one of them, by `seq` and emoji. */
  of(
    userId: string,
    limit: number,
    after: { seq: number; emoji: string } = { seq: 0, emoji: '' },
  ): { seq: number; emoji: string }[] {
    return this.#database.all(
      `SELECT seq, emoji FROM reactions WHERE user_id = ? AND (seq, emoji) > (?, ?)
        ORDER BY seq, emoji LIMIT ?`,
      userId,
      after.seq,
      after.emoji,
      limit,
    );
  }

  /** A user's reactions to these messages. */
  on(seqs: readonly number[], userId: string): { seq: number; emoji: string }[] {
    return this.#database.all(
      `SELECT seq, emoji FROM reactions
        WHERE user_id = ? AND seq IN (SELECT value FROM json_each(?)) ORDER BY seq, emoji`,
      userId,
      JSON.stringify(seqs),
    );
  }

  /** Users after `userId` who reacted to a message with one kind, by user id. */
  usersOf(seq: number, emoji: string, userId: string, limit: number): string[] {
    return this.#database
      .all<{ userId: string }>(
        `SELECT user_id AS userId FROM reactions WHERE seq = ? AND emoji = ? AND user_id > ?
          ORDER BY user_id LIMIT ?`,
        seq,
        emoji,
        userId,
        limit,
      )
      .map((row) => row.userId);
  }

  /** Adds the reactions of users who have none of this kind yet. @returns how many there are then */
  restore(seq: number, emoji: string, userIds: readonly string[]): number {
    for (const userId of userIds) {
      this.#database.run('INSERT OR IGNORE INTO reactions VALUES (?, ?, ?)', seq, emoji, userId);
    }
    const row = this.#database.first<{ count: number }>(
      'SELECT count(*) AS count FROM reactions WHERE seq = ? AND emoji = ?',
      seq,
      emoji,
    );
    return row?.count ?? 0;
  }

  /** The kinds among `emojis` that `userId` has used on a message. */
  by(userId: string, seq: number, emojis: readonly string[]): string[] {
    return emojis.filter((emoji) => this.has(seq, emoji, userId));
  }

  /** Reactions after `after`, by emoji, then user id. */
  page(seq: number, after: { emoji: string; userId: string }, limit: number): Reaction[] {
    return this.#database.all<Reaction>(
      `SELECT emoji, reactions.user_id AS userId, coalesce(username, reactions.user_id) AS username
        FROM reactions LEFT JOIN members ON members.user_id = reactions.user_id
        WHERE seq = ? AND (emoji, reactions.user_id) > (?, ?)
        ORDER BY emoji, reactions.user_id LIMIT ?`,
      seq,
      after.emoji,
      after.userId,
      limit,
    );
  }
}
