import type { LineOf } from '../../protocol/export-lines.ts';
import type { Database } from './database.ts';

interface Row {
  id: number;
  seq: number;
  userId: string;
  value: string | null;
}

/**
 * Values that users have stored about messages by an application's commands: one for each message and
 * user, as JSON.
 */
export class PerUserValues {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  find(seq: number, userId: string): unknown {
    const row = this.#database.first<Pick<Row, 'value'>>(
      'SELECT value FROM per_user WHERE seq = ? AND user_id = ?',
      seq,
      userId,
    );
    return parsed(row?.value ?? null);
  }

  /** @param value undefined deletes it; the row stays, so that a running export includes the deletion */
  put(seq: number, userId: string, value: unknown): void {
    this.#database.run(
      'INSERT OR REPLACE INTO per_user (seq, user_id, value) VALUES (?, ?, ?)',
      seq,
      userId,
      value === undefined ? null : JSON.stringify(value),
    );
  }

  /** A user's values about messages after `seq`, by `seq`. */
  of(userId: string, limit: number, seq = 0): { seq: number; value: unknown }[] {
    return this.#database
      .all<Row>(
        'SELECT seq, value FROM per_user WHERE user_id = ? AND seq > ? ORDER BY seq LIMIT ?',
        userId,
        seq,
        limit,
      )
      .map(({ seq, value }) => ({ seq, value: parsed(value) }));
  }

  remove(seq: number, userId: string): void {
    this.#database.run('DELETE FROM per_user WHERE seq = ? AND user_id = ?', seq, userId);
  }

  removeAll(seq: number): void {
    this.#database.run('DELETE FROM per_user WHERE seq = ?', seq);
  }

  /** Values in the order of their last changes, for an export. */
  after(id: number, limit: number): { id: number; line: LineOf<'value'> }[] {
    return this.#database
      .all<Row>(
        `SELECT id, seq, user_id AS userId, value FROM per_user WHERE id > ? ORDER BY id LIMIT ?`,
        id,
        limit,
      )
      .map(({ id, seq, userId, value }) => ({
        id,
        line: { type: 'value', seq, userId, ...(value !== null && { value: parsed(value) }) },
      }));
  }
}

function parsed(value: string | null): unknown {
  return value === null ? undefined : JSON.parse(value);
}
