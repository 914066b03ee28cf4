import type { Database } from '../../room/storage/database.ts';

const DAY_MS = 86_400_000;

/** The direct rooms that a user has made within a day. */
export class DirectsMade {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @param at epoch milliseconds */
  add(userId: string, roomId: string, at: number): void {
    this.#database.run(
      'DELETE FROM directs_made WHERE user_id = ? AND at <= ?',
      userId,
      at - DAY_MS,
    );
    this.#database.run(
      'INSERT OR IGNORE INTO directs_made (user_id, at, room_id) VALUES (?, ?, ?)',
      userId,
      at,
      roomId,
    );
  }

  countSince(userId: string, now: number): number {
    const row = this.#database.first<{ n: number }>(
      'SELECT count(*) AS n FROM directs_made WHERE user_id = ? AND at > ?',
      userId,
      now - DAY_MS,
    );
    return row?.n ?? 0;
  }

  forget(userId: string): void {
    this.#database.run('DELETE FROM directs_made WHERE user_id = ?', userId);
  }
}
