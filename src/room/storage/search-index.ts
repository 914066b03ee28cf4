import { fixed } from '../../protocol/codes/limits.ts';
import type { FileInfo, Message } from '../../protocol/objects.ts';
import type { Database } from './database.ts';
import type { RoomRow } from './room-row.ts';
import { indexText } from '../search/index-text.ts';
import { holdsAll, matchText, type Term } from '../search/query.ts';
import { searchedText } from '../search/searched-text.ts';

type Searched = Pick<Message, 'seq' | 'message' | 'senderId' | 'files'>;

function indexedOf({ seq, message, senderId, files }: Searched): Indexed {
  return { seq, text: searchedText(message, files), senderId };
}

/** The parts of a message that are indexed. */
interface Indexed {
  seq: number;
  text: string;
  senderId: string;
}

interface Row {
  seq: number;
  message: string;
  senderId: string;
  files: string | null;
}

function indexed({ seq, message, senderId, files }: Row): Indexed {
  const named = files === null ? undefined : (JSON.parse(files) as FileInfo[]);
  return { seq, text: searchedText(message, named), senderId };
}

/** No message has this seq, so no search finds it. */
export const NOTHING: Indexed = { seq: 0, text: 'x', senderId: '' };

/** Rows read at a time; few, because each may be as long as a message can be. */
const BATCH = 50;

/**
 * The full-text index over undeleted messages: their folded tokens, which are computed again to remove
 * a message. It trails the messages: indexing many together costs a fraction of indexing them one by
 * one, and sending does not wait for it. It holds the messages above `unindexedTo` and up to `indexed`,
 * which are fields of the room's row and move in the same transaction. Changes of other messages do not
 * touch it.
 */
export class SearchIndex {
  readonly #database: Database;
  readonly #room: RoomRow;

  constructor(database: Database, room: RoomRow) {
    this.#database = database;
    this.#room = room;
  }

  /**
   * Indexes the messages sent since the last call, in a step that is bounded in messages and in text:
   * if they are long, some are left to the next call.
   */
  catchUp(): void {
    const { indexed: to, rev } = this.#room.read();
    if (to >= rev) return;
    const { rows, hasMore } = this.#rows('seq > (SELECT indexed FROM room)', 'ASC');
    for (const row of rows) this.#insert(row);
    const last = hasMore ? rows.at(-1)?.seq : undefined;
    this.#room.update('UPDATE room SET indexed = coalesce(?, rev)', last ?? null);
  }

  /**
   * Indexes older messages that are not in the index yet, the newest of them first, in a step that is
   * bounded in messages and in text. Only rooms that an earlier version wrote have such messages.
   */
  goBack(): void {
    if (this.#room.read().unindexedTo === 0) return;
    const { rows } = this.#rows('seq <= (SELECT unindexed_to FROM room)', 'DESC');
    // Inserted in the order of `seq`, they make one segment of the index.
    for (const row of rows.toReversed()) this.#insert(row);
    const first = rows.at(-1)?.seq ?? 1;
    this.#room.update('UPDATE room SET unindexed_to = ?', first - 1);
  }

  /**
   * Undeleted messages that are not streaming, as many as a step takes, and whether there may be more.
   */
  #rows(where: string, order: 'ASC' | 'DESC'): { rows: Indexed[]; hasMore: boolean } {
    const rows: Indexed[] = [];
    let text = 0;
    let batch: Indexed[];
    do {
      batch = this.#batch(where, order, rows.at(-1)?.seq);
      rows.push(...batch);
      text += batch.reduce((sum, each) => sum + each.text.length, 0);
    } while (batch.length === BATCH && rows.length < fixed.stepRows && text < fixed.stepText);
    return { rows, hasMore: batch.length === BATCH };
  }

  #batch(where: string, order: 'ASC' | 'DESC', after: number | undefined): Indexed[] {
    const further = order === 'ASC' ? 'seq > ?' : 'seq < ?';
    const rows = this.#database.all<Row>(
      `SELECT seq, message, sender_id AS senderId, files FROM messages
        WHERE ${where} AND ${further} AND deleted_at IS NULL AND status IS NOT 'streaming'
        ORDER BY seq ${order} LIMIT ${BATCH}`,
      after ?? (order === 'ASC' ? 0 : Number.MAX_SAFE_INTEGER),
    );
    return rows.map(indexed);
  }

  /** Indexes a message that has changed or was imported. New messages are indexed by `catchUp`. */
  add(message: Searched): void {
    if (this.#covers(message.seq)) this.#insert(indexedOf(message));
  }

  /** Removes a message. Call it with the text that was indexed, before the message changes. */
  remove(message: Searched): void {
    if (this.#covers(message.seq)) this.#delete(indexedOf(message));
  }

  #covers(seq: number): boolean {
    const { indexed: to, unindexedTo } = this.#room.read();
    return to >= seq && unindexedTo < seq;
  }

  #insert({ seq, text, senderId }: Indexed): void {
    this.#database.run(
      'INSERT INTO search (rowid, tokens) VALUES (?, ?)',
      seq,
      indexText(text, senderId),
    );
  }

  #delete({ seq, text, senderId }: Indexed): void {
    this.#database.run(
      "INSERT INTO search (search, rowid, tokens) VALUES ('delete', ?, ?)",
      seq,
      indexText(text, senderId),
    );
  }

  /**
   * Prepares to rewrite the index. Removed tokens can survive in the keys between its pages, and a
   * merge leaves an index of one segment as it is: a second segment makes the next merge rewrite all of
   * it.
   */
  beginRewrite(): void {
    this.#insert(NOTHING);
  }

  /** Merges all segments into a new one, some pages a call. @returns whether there is more to do */
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

  /**
   * The `seq` of messages with all `terms` below `before`, newest first. In a room that is still being
   * indexed it does a step of that first, and finds only what is indexed.
   */
  find(terms: readonly Term[], from: string | undefined, before: number, limit: number): number[] {
    if (terms.length === 0) return [];
    while (this.#room.read().indexed < this.#room.read().rev) this.catchUp();
    this.goBack();
    const beginning = terms.find(({ kind }) => kind === 'beginning')?.tokens.at(-1);
    const words = beginning === undefined ? undefined : this.#wordsOf(beginning);
    if (beginning !== undefined && words === undefined) {
      const newest = this.#findNewest(terms, from, before, limit);
      if (newest.length === limit) return newest;
    }
    // Hosts bind every number as a real, which FTS5 does not use as a starting point: without the cast
    // it reads all newer hits, too.
    return this.#database
      .all<{ seq: number }>(
        `SELECT search.rowid AS seq FROM search JOIN messages ON messages.seq = search.rowid
          WHERE search MATCH ? AND search.rowid < CAST(? AS INTEGER)
            AND (? IS NULL OR messages.sender_id = ?)
          ORDER BY search.rowid DESC LIMIT ?`,
        matchText(terms, from, words),
        before,
        from ?? null,
        from ?? null,
        limit,
      )
      .map(({ seq }) => seq);
  }

  /**
   * The hits among the newest messages, which are read one by one. For a prefix of many words, FTS5
   * collects all matching messages before it returns the newest; as such a prefix is frequent, these
   * are found soon.
   */
  #findNewest(
    terms: readonly Term[],
    from: string | undefined,
    before: number,
    limit: number,
  ): number[] {
    const found: number[] = [];
    let text = 0;
    let below = before;
    for (let read = 0; read < fixed.searchRead && text < fixed.searchReadText; read += BATCH) {
      const rows = this.#database.all<Row & { deletedAt: number | null }>(
        `SELECT seq, message, sender_id AS senderId, files, deleted_at AS deletedAt FROM messages
          WHERE seq < ? AND seq > (SELECT unindexed_to FROM room) AND status IS NOT 'streaming'
          ORDER BY seq DESC LIMIT ${BATCH}`,
        below,
      );
      for (const row of rows) {
        const { seq, text: said, senderId } = indexed(row);
        text += said.length;
        if (row.deletedAt !== null || (from !== undefined && senderId !== from)) continue;
        if (!holdsAll(indexText(said, senderId), terms)) continue;
        if (found.push(seq) === limit) return found;
      }
      if (rows.length < BATCH) break;
      below = rows.at(-1)?.seq ?? 0;
    }
    return found;
  }

  /** All indexed words that begin with `beginning`; undefined when there are more than a search names. */
  #wordsOf(beginning: string): string[] | undefined {
    const words: string[] = [];
    for (let from = beginning; ; from = `${words.at(-1)}\u0001`) {
      const next = this.#database.first<{ term: string }>(
        'SELECT term FROM search_tokens WHERE term >= ? LIMIT 1',
        from,
      );
      if (next?.term.startsWith(beginning) !== true) return words;
      if (words.length === fixed.searchWords) return undefined;
      words.push(next.term);
    }
  }
}
