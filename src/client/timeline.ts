import type { EventPayload } from '../protocol/events.ts';
import type { Message } from '../protocol/objects.ts';

/** The room counts replies no further than this, which means "or more". */
const MAX_REPLIES = 1_000;

/** A message's text and its reactions, each as of its newest change. */
interface Row {
  /** The message without its reactions and `replyCount`; undefined while only reactions are known. */
  text?: Message;
  textRev: number;
  reactions?: Message['reactions'];
  reactionsRev: number;
  /** The whole message; made when it is first read. */
  shown?: Message | undefined;
}

/** How a message compares with the stored one: new, changed, or known already. */
export type Merged = 'new' | 'changed' | 'known';

/**
 * The loaded messages of the room, without gaps up to the newest. States may be put in any order and
 * any number of times: the newest wins. An event about reactions holds no text, so text and reactions
 * have a `rev` each; otherwise the event could hide an edit that arrives later in a page.
 *
 * Replies are counted here, because no event carries a changed `replyCount`, and the one in a state may
 * be older or newer than the state. A reply is newer than the message it answers, so all replies to a
 * loaded message are loaded too.
 */
export class Timeline {
  /** Every message from this `seq` on is loaded; 0 when nothing older exists. */
  #from = Infinity;
  #rows = new Map<number, Row>();
  /** Number of loaded replies that are not deleted, by the `seq` that they answer. */
  #replies = new Map<number, number>();
  #list: readonly Message[] | undefined;

  get from(): number {
    return this.#from;
  }

  /** Whether the room may have older messages than the first one here. */
  get hasOlder(): boolean {
    return this.#from > 0;
  }

  /** The messages by `seq`; the same array until something changes. */
  get list(): readonly Message[] {
    return (this.#list ??= [...this.#rows]
      .flatMap(([seq, row]) => this.#shown(seq, row) ?? [])
      .toSorted((a, b) => a.seq - b.seq));
  }

  find(seq: number): Message | undefined {
    const row = this.#rows.get(seq);
    return row && this.#shown(seq, row);
  }

  /** Drops all messages; those from `from` on will be put next. */
  clear(from: number): void {
    this.#from = from;
    this.#keep(() => false);
  }

  /** Adds a page that ends where the loaded messages begin. @param from see `#from` */
  addOlder(page: readonly Message[], from: number): void {
    this.#from = from;
    for (const message of page) this.put(message);
  }

  /** Puts a message's whole state. Messages older than `#from` are left to their page. */
  put(message: Message): Merged {
    const { seq, rev } = message;
    if (seq < this.#from) return 'changed';
    const { reactions, replyCount: _, ...text } = message;
    const row = this.#row(seq);
    const isNew = row.text === undefined;
    if (rev <= row.textRev) return 'known';
    this.#countReply(row.text, -1);
    this.#countReply(text, 1);
    row.text = text;
    row.textRev = rev;
    if (rev >= row.reactionsRev) {
      row.reactions = reactions;
      row.reactionsRev = rev;
    }
    this.#touch(row);
    return isNew ? 'new' : 'changed';
  }

  /**
   * Appends to a message that streams, or ends it. If the text before it is not known, a page that
   * holds all of it will arrive.
   * @returns whether it changed something
   */
  append({ seq, rev, offset, text, status }: EventPayload<'messageAppended'>): boolean {
    if (seq < this.#from) return true;
    const row = this.#rows.get(seq);
    if (row?.text === undefined || rev <= row.textRev) return false;
    const { streaming, message, ...rest } = row.text;
    if (offset > message.length) return false;
    row.text = {
      ...rest,
      message: message.slice(0, offset) + text,
      ...(status === undefined && streaming && { streaming }),
      ...(status !== undefined && status !== 'done' && { status }),
    };
    row.textRev = rev;
    this.#touch(row);
    return true;
  }

  /** @returns whether it changed something */
  react({ seq, rev, reactions }: EventPayload<'reactionsUpdated'>): boolean {
    if (seq < this.#from) return true;
    const row = this.#row(seq);
    if (rev <= row.reactionsRev) return false;
    row.reactions = Object.keys(reactions).length > 0 ? reactions : undefined;
    row.reactionsRev = rev;
    this.#touch(row);
    return true;
  }

  /** Drops messages below the horizon, which retention has removed. @returns whether there were any */
  dropBelow(horizon: number): boolean {
    // The first change of a room is a message, so nothing is older than `seq` 1.
    if (this.#from <= Math.max(1, horizon)) this.#from = 0;
    const before = this.#rows.size;
    this.#keep((seq) => seq >= horizon);
    return this.#rows.size < before;
  }

  /** Drops all but the newest `count`; the others can be loaded again. */
  trim(count: number): void {
    const first = this.list.at(-count);
    if (first === undefined || first === this.list[0]) return;
    this.#from = first.seq;
    this.#keep((seq) => seq >= first.seq);
  }

  #row(seq: number): Row {
    let row = this.#rows.get(seq);
    if (row === undefined) {
      row = { textRev: 0, reactionsRev: 0 };
      this.#rows.set(seq, row);
    }
    return row;
  }

  #touch(row: Row): void {
    row.shown = undefined;
    this.#list = undefined;
  }

  #keep(isKept: (seq: number) => boolean): void {
    for (const [seq, { text }] of this.#rows) {
      if (isKept(seq)) continue;
      this.#countReply(text, -1);
      this.#rows.delete(seq);
      this.#list = undefined;
    }
  }

  /** Counts a message if it is a reply and not deleted. */
  #countReply(message: Message | undefined, by: 1 | -1): void {
    const { replyTo, deletedAt } = message ?? {};
    if (replyTo === undefined || deletedAt !== undefined) return;
    const count = (this.#replies.get(replyTo) ?? 0) + by;
    if (count > 0) this.#replies.set(replyTo, count);
    else this.#replies.delete(replyTo);
    const answered = this.#rows.get(replyTo);
    if (answered !== undefined) this.#touch(answered);
  }

  #shown(seq: number, row: Row): Message | undefined {
    const { text, textRev, reactions, reactionsRev } = row;
    if (text === undefined) return undefined;
    const replyCount = Math.min(this.#replies.get(seq) ?? 0, MAX_REPLIES);
    return (row.shown ??= {
      ...text,
      rev: Math.max(textRev, reactionsRev),
      ...(replyCount > 0 && { replyCount }),
      ...(reactions !== undefined && { reactions }),
    });
  }
}
