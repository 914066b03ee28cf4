import { fixed } from '../../protocol/limits.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Database } from '../database.ts';

/** A hit: which message, and its text with the hits between U+0002 and U+0003. */
export interface Hit {
  seq: number;
  snippet: string;
}

type Indexed = Pick<Message, 'seq' | 'message' | 'senderId'>;

/** No message has this seq, so no search finds it. */
const NOTHING: Indexed = { seq: 0, message: 'x', senderId: '' };

/**
 * The full-text index over undeleted messages. It trails behind what is said: taking in many together
 * costs a fraction of one by one, and whoever waits for a message does not wait for it. How far it
 * has come stands in the room's row and moves in the same transaction, so it is exact at any time;
 * what is above has never been in it, and changes there without it.
 */
export class SearchIndex {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Takes in everything said so far. */
  catchUp(): void {
    if (this.#database.first('SELECT 1 FROM room WHERE indexed < rev') === undefined) return;
    this.#database.run(
      `INSERT INTO search (rowid, message, sender_id) SELECT seq, message, sender_id FROM messages
        WHERE seq > (SELECT indexed FROM room) AND deleted_at IS NULL ORDER BY seq`,
    );
    this.#database.run('UPDATE room SET indexed = rev');
  }

  /** To be called with a message that has changed or was brought in, not with one that is said. */
  add(message: Indexed): void {
    if (this.#hasComeTo(message.seq)) this.#insert(message);
  }

  /** To be called with what was indexed, before the message changes. */
  remove(message: Indexed): void {
    if (this.#hasComeTo(message.seq)) this.#delete(message);
  }

  #hasComeTo(seq: number): boolean {
    return this.#database.first('SELECT 1 FROM room WHERE indexed >= ?', seq) !== undefined;
  }

  #insert({ seq, message, senderId }: Indexed): void {
    this.#database.run(
      'INSERT INTO search (rowid, message, sender_id) VALUES (?, ?, ?)',
      seq,
      message,
      senderId,
    );
  }

  #delete({ seq, message, senderId }: Indexed): void {
    this.#database.run(
      "INSERT INTO search (search, rowid, message, sender_id) VALUES ('delete', ?, ?, ?)",
      seq,
      message,
      senderId,
    );
  }

  /**
   * Prepares to rewrite the index. What was removed can live on in the keys between its pages, and
   * an index of one piece is left as it is: a second piece makes the next merge take it all.
   */
  beginRewrite(): void {
    this.#insert(NOTHING);
  }

  /** Merges all pieces into a new one, some pages a call. @returns whether there is more to do */
  rewrite(isFirst: boolean): boolean {
    const before = this.#changes();
    const pages = isFirst ? -fixed.stepIndexPages : fixed.stepIndexPages;
    this.#database.run("INSERT INTO search (search, rank) VALUES ('merge', ?)", pages);
    // As FTS5 documents: a merge that had nothing to do changes less than two rows.
    const hasMore = this.#changes() - before >= 2;
    if (!hasMore) this.#delete(NOTHING);
    return hasMore;
  }

  #changes(): number {
    return this.#database.first<{ n: number }>('SELECT total_changes() AS n')?.n ?? 0;
  }

  /** Messages with all words of `query` below `before`, newest first. */
  find(query: string, from: string | undefined, before: number, limit: number): Hit[] {
    const words = wordsOf(query);
    if (words.length === 0) return [];
    this.catchUp();
    // Narrows the index, where the user id has words; the join compares it exactly.
    const sender =
      from === undefined || wordsOf(from).length === 0 ? '' : ` AND sender_id : (${quote(from)})`;
    // Hosts bind every number as a real, which FTS5 does not take as a bound to begin from: without
    // the cast it walks over all hits that are newer.
    return this.#database.all<Hit>(
      `SELECT search.rowid AS seq,
        snippet(search, 0, char(2), char(3), '…', 24) AS snippet
        FROM search JOIN messages ON messages.seq = search.rowid
        WHERE search MATCH ? AND search.rowid < CAST(? AS INTEGER) AND (? IS NULL OR messages.sender_id = ?)
        ORDER BY search.rowid DESC LIMIT ?`,
      `message : (${words.map(quote).join(' AND ')})${sender}`,
      before,
      from ?? null,
      from ?? null,
      limit,
    );
  }
}

/** Words, as far as the index can know them: a "word" of punctuation alone would match nothing. */
function wordsOf(query: string): string[] {
  return query
    .replaceAll('\0', ' ')
    .split(/\s+/u)
    .filter((word) => /[\p{L}\p{N}\p{Co}]/u.test(word))
    .slice(0, fixed.searchWords);
}

/** As an FTS5 string, in which nothing but `"` has a meaning. */
function quote(text: string): string {
  return `"${text.replaceAll('"', '""').replaceAll('\0', ' ')}"`;
}
