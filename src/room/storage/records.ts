import type { LineOf } from '../../protocol/export-lines.ts';
import type { Database } from './database.ts';
import { COLUMNS, INSERT, messageIn, type MessageRow, rowValues } from './message-row.ts';

/** A message as it is stored, and the kinds of reactions it has, in order. */
export interface MessageRecord {
  line: LineOf<'message'>;
  emojis: string[];
}

interface Row extends MessageRow {
  deletedBy: string | null;
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
        `SELECT ${COLUMNS}, deleted_by AS deletedBy FROM messages
          WHERE rev > ? ORDER BY rev LIMIT ?`,
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
   * Adds a row. No `INSERT OR REPLACE`: before such a statement SQLite makes the search index write out
   * its pending entries, which takes ten times as long.
   * @returns undefined when the row was added; else the field whose value another row has: then nothing
   * was written
   */
  add(line: LineOf<'message'>): 'rev' | 'id' | undefined {
    try {
      this.#database.run(INSERT, ...rowValues(line), line.deletedBy ?? null);
      return undefined;
    } catch (error) {
      const taken = /UNIQUE constraint failed: messages\.(rev|sender_id)/.exec(String(error))?.[1];
      if (taken === undefined) throw error;
      return taken === 'rev' ? 'rev' : 'id';
    }
  }
}

function recordOf(row: Row): MessageRecord {
  const { deletedBy } = row;
  const line = { type: 'message' as const, ...messageIn(row) };
  return {
    emojis: emojisIn(row.reactions),
    line: deletedBy === null ? line : { ...line, deletedBy },
  };
}

function emojisIn(reactions: string | null): string[] {
  return reactions === null ? [] : Object.keys(JSON.parse(reactions) as object);
}
