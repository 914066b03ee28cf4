import type { LineOf } from '../../protocol/export-lines.ts';
import type { Database } from '../database.ts';

/** A message as it is stored, and the kinds of reactions it has, in order. */
export interface MessageRecord {
  line: LineOf<'message'>;
  emojis: string[];
}

interface Row {
  seq: number;
  rev: number;
  id: string;
  senderId: string;
  sender: string;
  unverified: number;
  message: string;
  timestamp: number;
  editedAt: number | null;
  deletedAt: number | null;
  deletedBy: string | null;
  replyTo: number | null;
  mentions: string | null;
  meta: string | null;
  reactions: string | null;
}

/** Messages as exports and imports see them: whole rows, by `rev`. */
export class Records {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  after(rev: number, limit: number): MessageRecord[] {
    return this.#database
      .all<Row>(
        `SELECT seq, rev, id, sender_id AS senderId, sender, unverified, message, timestamp,
          edited_at AS editedAt, deleted_at AS deletedAt, deleted_by AS deletedBy,
          reply_to AS replyTo, mentions, meta, reactions
          FROM messages WHERE rev > ? ORDER BY rev LIMIT ?`,
        rev,
        limit,
      )
      .map(recordOf);
  }

  /** The kinds of reactions a message has, in order. */
  emojisOf(seq: number): string[] {
    const row = this.#database.first<Pick<Row, 'reactions'>>(
      'SELECT reactions FROM messages WHERE seq = ?',
      seq,
    );
    return emojisIn(row?.reactions ?? null);
  }

  revOf(seq: number): number | undefined {
    return this.#database.first<{ rev: number }>('SELECT rev FROM messages WHERE seq = ?', seq)
      ?.rev;
  }

  newestRev(): number {
    return (
      this.#database.first<{ rev: number | null }>('SELECT max(rev) AS rev FROM messages')?.rev ?? 0
    );
  }

  remove(seq: number): void {
    this.#database.run('DELETE FROM messages WHERE seq = ?', seq);
  }

  /**
   * Adds a row. No `INSERT OR REPLACE`: before such a statement SQLite makes the search index write
   * out what it holds, which takes ten times as long.
   * @returns what of it another row has: nothing, or one of the two that nothing was written for
   */
  add(line: LineOf<'message'>): 'rev' | 'id' | undefined {
    try {
      this.#insert(line);
      return undefined;
    } catch (error) {
      const taken = /UNIQUE constraint failed: messages\.(rev|sender_id)/.exec(String(error))?.[1];
      if (taken === undefined) throw error;
      return taken === 'rev' ? 'rev' : 'id';
    }
  }

  #insert(line: LineOf<'message'>): void {
    this.#database.run(
      `INSERT INTO messages (seq, rev, id, sender_id, sender, unverified, message,
        timestamp, edited_at, deleted_at, deleted_by, reply_to, mentions, meta)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      line.seq,
      line.rev,
      line.id,
      line.senderId,
      line.sender,
      line.unverified === true ? 1 : 0,
      line.message,
      line.timestamp,
      line.editedAt ?? null,
      line.deletedAt ?? null,
      line.deletedBy ?? null,
      line.replyTo ?? null,
      line.mentions === undefined ? null : JSON.stringify(line.mentions),
      line.meta === undefined ? null : JSON.stringify(line.meta),
    );
  }
}

function recordOf(row: Row): MessageRecord {
  const { seq, rev, id, senderId, sender, message, timestamp } = row;
  return {
    emojis: emojisIn(row.reactions),
    line: {
      type: 'message',
      seq,
      rev,
      id,
      senderId,
      sender,
      ...(row.unverified === 1 && { unverified: true as const }),
      message,
      timestamp,
      ...(row.editedAt !== null && { editedAt: row.editedAt }),
      ...(row.deletedAt !== null && { deletedAt: row.deletedAt }),
      ...(row.deletedBy !== null && { deletedBy: row.deletedBy }),
      ...(row.replyTo !== null && { replyTo: row.replyTo }),
      ...(row.mentions !== null && { mentions: JSON.parse(row.mentions) as string[] }),
      ...(row.meta !== null && { meta: JSON.parse(row.meta) as Record<string, unknown> }),
    },
  };
}

function emojisIn(reactions: string | null): string[] {
  return reactions === null ? [] : Object.keys(JSON.parse(reactions) as object);
}
