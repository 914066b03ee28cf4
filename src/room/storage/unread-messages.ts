import { fixed } from '../../protocol/codes/limits.ts';
import type { Database } from './database.ts';

/** The messages of others that a user has not read: undeleted ones above `readUpTo`. */
export class UnreadMessages {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** How many there are among the newest 10,000, counted up to 100. */
  count(userId: string, readUpTo: number): number {
    return this.#countUpTo(fixed.unreadCounted, userId, readUpTo);
  }

  /** Whether `count` is above 0. */
  hasAny(userId: string, readUpTo: number): boolean {
    return this.#countUpTo(1, userId, readUpTo) > 0;
  }

  #countUpTo(most: number, userId: string, readUpTo: number): number {
    const row = this.#database.first<{ unread: number }>(
      `SELECT count(*) AS unread FROM (
        SELECT 1 FROM (
          SELECT sender_id, deleted_at FROM messages WHERE seq > ? ORDER BY seq DESC LIMIT ?
        ) WHERE sender_id <> ? AND deleted_at IS NULL LIMIT ?
      )`,
      readUpTo,
      fixed.unreadLookedAt,
      userId,
      most,
    );
    return row?.unread ?? 0;
  }

  /** The oldest one among the oldest 10,000 messages above `readUpTo`. */
  oldest(userId: string, readUpTo: number): { timestamp: number } | undefined {
    return this.#database.first(
      `SELECT timestamp FROM (
        SELECT timestamp, sender_id, deleted_at FROM messages WHERE seq > ? ORDER BY seq LIMIT ?
      ) WHERE sender_id <> ? AND deleted_at IS NULL LIMIT 1`,
      readUpTo,
      fixed.unreadLookedAt,
      userId,
    );
  }

  /** The `seq` of the newest one that is not streaming, among the last 100. */
  newest(userId: string, readUpTo: number): number | undefined {
    const row = this.#database.first<{ seq: number }>(
      `SELECT seq FROM (
        SELECT seq, sender_id, deleted_at FROM messages WHERE seq > ? ORDER BY seq DESC LIMIT 100
      ) WHERE sender_id <> ? AND deleted_at IS NULL AND seq NOT IN (SELECT seq FROM streams) LIMIT 1`,
      readUpTo,
      userId,
    );
    return row?.seq;
  }
}
