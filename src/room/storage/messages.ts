import { fixed } from '../../protocol/codes/limits.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Database } from './database.ts';
import { type Page, pageOf } from '../messages/pages.ts';
import { COLUMNS, INSERT, messageIn, type MessageRow, rowValues } from './message-row.ts';
import type { RoomState } from './room-row.ts';

interface Row extends MessageRow {
  replyCount: number;
}

const SELECT = `SELECT ${COLUMNS},
  (SELECT count(*) FROM (
    SELECT 1 FROM messages AS reply WHERE reply.reply_to = messages.seq AND reply.deleted_at IS NULL
    LIMIT ${fixed.repliesCounted}
  )) AS replyCount
  FROM messages`;

/** The fields of the room that change whenever a message is added, changed or removed. */
type ChangeMarks = 'epoch' | 'rev' | 'horizon';

/** Every message of the room, by `seq`, by `rev` and by its sender's own id. */
export class Messages {
  readonly #database: Database;
  readonly #roomId: string;
  /** The last page of changes and the last page of newest messages, each with the state it was read in. */
  #changed: { key: string; page: Page<Message> } | undefined;
  #newestPage: { key: string; page: Message[] } | undefined;
  /** The newest message, and the state it was read in. */
  #newest: { key: string; message: Message | undefined } | undefined;

  constructor(database: Database, roomId: string) {
    this.#database = database;
    this.#roomId = roomId;
  }

  add(message: Message): void {
    this.#database.run(INSERT, ...rowValues(message), null);
  }

  find(seq: number): Message | undefined {
    return this.#read('WHERE seq = ?', seq)[0];
  }

  /** The message that `senderId` sent with the client's own id `id`. */
  byClientId(senderId: string, id: string): Message | undefined {
    return this.#read('WHERE sender_id = ? AND id = ?', senderId, id)[0];
  }

  /** Writes the fields that an edit can change. */
  edit({ seq, rev, message, editedAt, mentions, meta, data }: Message): void {
    this.#database.run(
      `UPDATE messages SET rev = ?, message = ?, edited_at = ?, mentions = ?, meta = ?, data = ?
        WHERE seq = ?`,
      rev,
      message,
      editedAt ?? null,
      mentions === undefined ? null : JSON.stringify(mentions),
      meta === undefined ? null : JSON.stringify(meta),
      data === undefined ? null : JSON.stringify(data),
      seq,
    );
  }

  /** Raises the `rev` of a message whose streamed text has grown. */
  grow(seq: number, rev: number): void {
    this.#database.run('UPDATE messages SET rev = ? WHERE seq = ?', rev, seq);
  }

  /** Writes the whole text of a stream that has ended. */
  endStream({ seq, rev, message, status, meta, data }: Message): void {
    this.#database.run(
      'UPDATE messages SET rev = ?, message = ?, status = ?, meta = ?, data = ? WHERE seq = ?',
      rev,
      message,
      status ?? null,
      meta === undefined ? null : JSON.stringify(meta),
      data === undefined ? null : JSON.stringify(data),
      seq,
    );
  }

  revOf(seq: number): number | undefined {
    return this.#database.first<{ rev: number }>('SELECT rev FROM messages WHERE seq = ?', seq)
      ?.rev;
  }

  /** Empties a message; its row stays. */
  delete(seq: number, rev: number, deletedAt: number, deletedBy: string): void {
    this.#database.run(
      `UPDATE messages SET rev = ?, message = '', deleted_at = ?, deleted_by = ?,
        mentions = NULL, meta = NULL, kind = NULL, data = NULL, files = NULL, reactions = NULL, status = NULL WHERE seq = ?`,
      rev,
      deletedAt,
      deletedBy,
      seq,
    );
  }

  deletedBy(seq: number): string | undefined {
    const row = this.#database.first<{ deletedBy: string | null }>(
      'SELECT deleted_by AS deletedBy FROM messages WHERE seq = ?',
      seq,
    );
    return row?.deletedBy ?? undefined;
  }

  setReactions(seq: number, rev: number, reactions: Record<string, number>): void {
    this.#database.run(
      'UPDATE messages SET rev = ?, reactions = ? WHERE seq = ?',
      rev,
      Object.keys(reactions).length === 0 ? null : JSON.stringify(reactions),
      seq,
    );
  }

  /** Empties a message; its row stays, without anything about its sender. */
  erase(seq: number, rev: number, deletedAt: number): void {
    this.#database.run(
      `UPDATE messages SET rev = ?, id = ?, sender_id = '', sender = '', unverified = 0, bot = 0,
        message = '', deleted_at = coalesce(deleted_at, ?), deleted_by = NULL,
        mentions = NULL, meta = NULL, kind = NULL, data = NULL, files = NULL, reactions = NULL, status = NULL WHERE seq = ?`,
      rev,
      `erased-${seq}`,
      deletedAt,
      seq,
    );
  }

  /** Some of a sender's messages, deleted ones too. */
  of(senderId: string, limit: number): Message[] {
    return this.#read('WHERE sender_id = ? LIMIT ?', senderId, limit);
  }

  /**
   * A sender's messages after the one with the client's own id `id`, in the order of these ids; deleted
   * ones too.
   */
  sentBy(senderId: string, id: string, limit: number): Message[] {
    return this.#read('WHERE sender_id = ? AND id > ? ORDER BY id LIMIT ?', senderId, id, limit);
  }

  setMentions(seq: number, rev: number, mentions: readonly string[]): void {
    this.#database.run(
      'UPDATE messages SET rev = ?, mentions = ? WHERE seq = ?',
      rev,
      mentions.length === 0 ? null : JSON.stringify(mentions),
      seq,
    );
  }

  /** Removes the id of the user who deleted a message. */
  forgetDeleter(seq: number, userId: string): void {
    this.#database.run(
      "UPDATE messages SET deleted_by = '' WHERE seq = ? AND deleted_by = ?",
      seq,
      userId,
    );
  }

  /** The messages with the lowest `seq`: times never go back, so these are the oldest. */
  oldest(limit: number): Message[] {
    return this.#read('ORDER BY seq LIMIT ?', limit);
  }

  /** Removes the rows up to `seq` for good. */
  removeUpTo(seq: number): void {
    this.#database.run('DELETE FROM messages WHERE seq <= ?', seq);
  }

  /** The newest messages below `seq`, oldest first; of one thread, or of all. */
  before(seq: number, limit: number, about: About = {}): Page<Message> {
    const rows = this.#readPage('seq < ? ', 'seq DESC', seq, limit, about);
    const page = pageOf(rows, limit, about.mostBytes);
    return { items: page.items.toReversed(), hasMore: page.hasMore };
  }

  /**
   * The newest messages, oldest first. The last page is kept until the room changes, for many users who
   * join at once.
   * @param room its row as it is now
   */
  newestPage(limit: number, room: Pick<RoomState, ChangeMarks>): Message[] {
    const key = [room.epoch, room.rev, room.horizon, limit].join();
    if (this.#newestPage?.key !== key) {
      this.#newestPage = { key, page: this.before(Number.MAX_SAFE_INTEGER, limit).items };
    }
    return this.#newestPage.page;
  }

  /** The oldest messages above `seq`, oldest first; of one thread, or of all. */
  after(seq: number, limit: number, about: About = {}): Page<Message> {
    return pageOf(this.#readPage('seq > ?', 'seq', seq, limit, about), limit, about.mostBytes);
  }

  /**
   * A `seq` that divides the messages before a time from those at or after it. Times never decrease
   * with `seq`, so it halves the range: some 20 look-ups in a room of a million messages.
   * @param time epoch milliseconds
   * @param rev the room's `rev`: no `seq` is above it
   */
  firstAt(time: number, rev: number): number {
    let from = 0;
    let to = rev + 1;
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      const found = this.#timeFrom(middle);
      if (found === undefined || found.timestamp >= time) to = middle;
      else from = found.seq + 1;
    }
    return from;
  }

  /** The first message with this `seq` or a higher one. */
  #timeFrom(seq: number): { seq: number; timestamp: number } | undefined {
    return this.#database.first(
      'SELECT seq, timestamp FROM messages WHERE seq >= ? ORDER BY seq LIMIT 1',
      seq,
    );
  }

  /**
   * The messages changed after `rev`, oldest change first, in their current state. The last page is
   * kept until the room changes: users who come back at the same time have mostly missed the same.
   * @param room its row as it is now
   */
  changedAfter(rev: number, limit: number, room: Pick<RoomState, ChangeMarks>): Page<Message> {
    const key = [room.epoch, room.rev, room.horizon, rev, limit].join();
    if (this.#changed?.key !== key) {
      const rows = this.#read('WHERE rev > ? ORDER BY rev LIMIT ?', rev, limit + 1);
      this.#changed = { key, page: pageOf(rows, limit) };
    }
    return this.#changed.page;
  }

  /** The newest undeleted message, if it is among the last 100; kept until the room changes. */
  newest(room: Pick<RoomState, ChangeMarks>): Message | undefined {
    const key = [room.epoch, room.rev, room.horizon].join();
    if (this.#newest?.key !== key) {
      const message = this.#read('ORDER BY seq DESC LIMIT 100').find(
        ({ deletedAt }) => deletedAt === undefined,
      );
      this.#newest = { key, message };
    }
    return this.#newest.message;
  }

  #readPage(
    where: string,
    order: string,
    seq: number,
    limit: number,
    { thread }: About,
  ): Message[] {
    return thread === undefined
      ? this.#read(`WHERE ${where} ORDER BY ${order} LIMIT ?`, seq, limit + 1)
      : this.#read(
          `WHERE reply_to = ? AND ${where} ORDER BY ${order} LIMIT ?`,
          thread,
          seq,
          limit + 1,
        );
  }

  #read(rest: string, ...bindings: (string | number)[]): Message[] {
    return this.#database
      .all<Row>(`${SELECT} ${rest}`, ...bindings)
      .map((row) => messageOf(this.#roomId, row));
  }
}

/** Which messages a page holds, and how much of them. */
export interface About {
  /** Only replies to this `seq`. */
  thread?: number | undefined;
  mostBytes?: number;
}

function messageOf(roomId: string, row: Row): Message {
  return {
    roomId,
    ...messageIn(row),
    ...(row.replyCount > 0 && { replyCount: row.replyCount }),
    ...(row.reactions !== null && {
      reactions: JSON.parse(row.reactions) as Record<string, number>,
    }),
  };
}
