import type { Message } from '../../protocol/objects.ts';
import { utf8Bytes } from '../../protocol/text.ts';
import type { Database } from './database.ts';

/** A message whose text is still being appended to. */
export interface Stream {
  seq: number;
  /** Its sender. */
  userId: string;
  /** Length of the text so far, in UTF-16 units; `bytes` is its length in UTF-8. */
  length: number;
  bytes: number;
  stopRequested: boolean;
}

interface Row extends Omit<Stream, 'stopRequested'> {
  stopRequested: number;
}

/** SQL for the streamed text of the message in an outer query. */
export const STREAMED_TEXT = `coalesce((SELECT group_concat(text, '') FROM
  (SELECT text FROM chunks WHERE chunks.seq = messages.seq ORDER BY start)), '')`;

/** SQL for when the sender of the stream in an outer query was last active. */
const HEARD_AT = `max(heard_at, coalesce(
  (SELECT at FROM chunks WHERE chunks.seq = streams.seq ORDER BY start DESC LIMIT 1), 0))`;

/**
 * Messages that stream. Their text is stored in chunks, so that an append costs the same however long
 * the text is; when a stream ends, its text goes into the message's own row.
 */
export class Streams {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @param now epoch milliseconds */
  begin({ seq, senderId, message }: Message, now: number): void {
    this.#database.run(
      'INSERT INTO streams (seq, user_id, heard_at) VALUES (?, ?, ?)',
      seq,
      senderId,
      now,
    );
    if (message !== '') this.append({ seq, length: 0, bytes: 0 }, message, now);
  }

  find(seq: number): Stream | undefined {
    const row = this.#database.first<Row>(
      `SELECT streams.seq AS seq, user_id AS userId, stop_requested AS stopRequested,
        coalesce(length, 0) AS length, coalesce(bytes, 0) AS bytes
        FROM streams LEFT JOIN chunks ON chunks.seq = streams.seq
        WHERE streams.seq = ? ORDER BY start DESC LIMIT 1`,
      seq,
    );
    return row && { ...row, stopRequested: row.stopRequested === 1 };
  }

  /** How many messages a user streams. */
  countOf(userId: string): number {
    const row = this.#database.first<{ count: number }>(
      'SELECT count(*) AS count FROM streams WHERE user_id = ?',
      userId,
    );
    return row?.count ?? 0;
  }

  /** Adds a chunk at the end. */
  append(
    { seq, length, bytes }: Pick<Stream, 'seq' | 'length' | 'bytes'>,
    text: string,
    now: number,
  ): void {
    this.#database.run(
      'INSERT INTO chunks (seq, start, text, length, bytes, at) VALUES (?, ?, ?, ?, ?, ?)',
      seq,
      length,
      text,
      length + text.length,
      bytes + utf8Bytes(text),
      now,
    );
  }

  /** Adds text to the last chunk. @param start where that chunk starts */
  extend(seq: number, start: number, text: string): void {
    this.#database.run(
      `UPDATE chunks SET text = text || ?, length = length + ?, bytes = bytes + ?
        WHERE seq = ? AND start = ?`,
      text,
      text.length,
      utf8Bytes(text),
      seq,
      start,
    );
  }

  /** Notes that the sender was active now, without text to append. */
  touch(seq: number, now: number): void {
    this.#database.run('UPDATE streams SET heard_at = ? WHERE seq = ?', now, seq);
  }

  requestStop(seq: number): void {
    this.#database.run('UPDATE streams SET stop_requested = 1 WHERE seq = ?', seq);
  }

  /** When the sender that has been silent longest was last active, in epoch milliseconds. */
  longestSilentSince(): number | undefined {
    const row = this.#database.first<{ at: number | null }>(
      `SELECT min(at) AS at FROM (SELECT ${HEARD_AT} AS at FROM streams)`,
    );
    return row?.at ?? undefined;
  }

  /** Some of the streams whose senders were last active at `at` or before. */
  silentSince(at: number, limit: number): number[] {
    return this.#database
      .all<{ seq: number }>(
        `SELECT seq FROM streams WHERE ${HEARD_AT} <= ? ORDER BY seq LIMIT ?`,
        at,
        limit,
      )
      .map(({ seq }) => seq);
  }

  /** Removes a stream that is over. */
  remove(seq: number): void {
    this.#database.run('DELETE FROM chunks WHERE seq = ?', seq);
    this.#database.run('DELETE FROM streams WHERE seq = ?', seq);
  }
}
