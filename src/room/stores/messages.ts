import type { Message } from '../../protocol/objects.ts';
import type { Database } from '../database.ts';
import { type Page, pageOf } from '../pages.ts';

interface Row {
  seq: number;
  rev: number;
  id: string;
  senderId: string;
  sender: string;
  unverified: number;
  message: string;
  timestamp: number;
}

const COLUMNS = 'seq, rev, id, sender_id AS senderId, sender, unverified, message, timestamp';

/** Every message of the room, by `seq`, by `rev` and by its sender's own id. */
export class Messages {
  readonly #database: Database;
  readonly #roomId: string;

  constructor(database: Database, roomId: string) {
    this.#database = database;
    this.#roomId = roomId;
  }

  add(message: Message): void {
    this.#database.run(
      `INSERT INTO messages (seq, rev, id, sender_id, sender, unverified, message, timestamp)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      message.seq,
      message.rev,
      message.id,
      message.senderId,
      message.sender,
      message.unverified === true ? 1 : 0,
      message.message,
      message.timestamp,
    );
  }

  /** The message that `senderId` has sent with its own id `id`. */
  byClientId(senderId: string, id: string): Message | undefined {
    return this.#read('WHERE sender_id = ? AND id = ?', senderId, id)[0];
  }

  /** The newest below `seq`, oldest first. */
  before(seq: number, limit: number, mostBytes?: number): Page<Message> {
    const rows = this.#read('WHERE seq < ? ORDER BY seq DESC LIMIT ?', seq, limit + 1);
    const page = pageOf(rows, limit, mostBytes);
    return { items: page.items.toReversed(), hasMore: page.hasMore };
  }

  /** The oldest above `seq`, oldest first. */
  after(seq: number, limit: number, mostBytes?: number): Page<Message> {
    const rows = this.#read('WHERE seq > ? ORDER BY seq LIMIT ?', seq, limit + 1);
    return pageOf(rows, limit, mostBytes);
  }

  /** What changed after `rev`, oldest change first, in its current state. */
  changedAfter(rev: number, limit: number): Page<Message> {
    return pageOf(this.#read('WHERE rev > ? ORDER BY rev LIMIT ?', rev, limit + 1), limit);
  }

  #read(rest: string, ...bindings: (string | number)[]): Message[] {
    return this.#database
      .all<Row>(`SELECT ${COLUMNS} FROM messages ${rest}`, ...bindings)
      .map((row) => this.#message(row));
  }

  #message({ unverified, ...row }: Row): Message {
    return {
      roomId: this.#roomId,
      ...row,
      ...(unverified === 1 && { unverified: true as const }),
    };
  }
}
