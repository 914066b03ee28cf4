import type { Database } from '../../room/storage/database.ts';

/** The users that each user has blocked. */
export class Blocks {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  add(userId: string, blockedId: string): void {
    this.#database.run('INSERT OR IGNORE INTO blocks VALUES (?, ?)', userId, blockedId);
  }

  remove(userId: string, blockedId: string): void {
    this.#database.run(
      'DELETE FROM blocks WHERE user_id = ? AND blocked_id = ?',
      userId,
      blockedId,
    );
  }

  has(userId: string, blockedId: string): boolean {
    const query = 'SELECT 1 FROM blocks WHERE user_id = ? AND blocked_id = ?';
    return this.#database.first(query, userId, blockedId) !== undefined;
  }

  /** The blocked users after `after`, by user id. */
  after(userId: string, after: string, limit: number): string[] {
    return this.#database
      .all<{ blockedId: string }>(
        `SELECT blocked_id AS blockedId FROM blocks WHERE user_id = ? AND blocked_id > ?
          ORDER BY blocked_id LIMIT ?`,
        userId,
        after,
        limit,
      )
      .map(({ blockedId }) => blockedId);
  }

  forget(userId: string): void {
    this.#database.run('DELETE FROM blocks WHERE user_id = ?', userId);
  }
}
