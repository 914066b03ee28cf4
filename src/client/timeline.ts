import type { EventPayload } from '../protocol/events.ts';
import type { Message } from '../protocol/objects.ts';

/** The room counts replies no further: this many means "or more". */
const MAX_REPLIES = 1_000;

/** A message's text and its reactions, each as of its newest change. */
interface Row {
  /** Without its reactions and replies; undefined while only reactions are known. */
  text?: Message;
  textRev: number;
  reactions?: Message['reactions'];
  reactionsRev: number;
  /** All together; made when first asked for. */
  shown?: Message | undefined;
}

/** How a message compares with the one held: new, changed, or known already. */
export type Merged = 'new' | 'changed' | 'known';

/**
 * The room's messages as far as they are loaded: one unbroken run up to the newest. States may be
 * put in any order and any number of times: the newest counts. An event about reactions holds
 * no text, so both parts carry a `rev` of their own; otherwise it could hide an edit
 * that is still on its way in a page.
 *
 * Replies are counted here. No event carries a changed `replyCount`, and a state may carry one that
 * is older or newer than itself. A reply is newer than what it answers, so the run that holds a
 * message holds all its replies too.
 */
export class Timeline {
  /** Every message from this `seq` on is here; 0 when nothing older exists. */
  #from = Infinity;
  #rows = new Map<number, Row>();
  /** Replies here that are not deleted, by the `seq` that they answer. */
  #replies = new Map<number, number>();
  #list: readonly Message[] | undefined;

  get from(): number {
    return this.#from;
  }

  /** Whether the room may hold older messages than the first one here. */
  get hasOlder(): boolean {
    return this.#from > 0;
  }

  /** By `seq`; the same list until something changes. */
  get list(): readonly Message[] {
    return (this.#list ??= [...this.#rows]
      .flatMap(([seq, row]) => this.#shown(seq, row) ?? [])
      .toSorted((a, b) => a.seq - b.seq));
  }

  find(seq: number): Message | undefined {
    const row = this.#rows.get(seq);
    return row && this.#shown(seq, row);
  }

  /** Forgets all; what is from `from` on will be here. */
  clear(from: number): void {
    this.#from = from;
    this.#keep(() => false);
  }

  /** Takes a page that reaches up to what is here. @param from see `#from` */
  addOlder(page: readonly Message[], from: number): void {
    this.#from = from;
    for (const message of page) this.put(message);
  }

  /** A message's whole state. Those older than the run are left to their page. */
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
   * More text of a message that streams, or the end of it. Where the text before it is not known, the
   * page that holds all of it is still to come.
   * @returns whether this was news
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

  /** @returns whether this was news */
  react({ seq, rev, reactions }: EventPayload<'reactionsUpdated'>): boolean {
    if (seq < this.#from) return true;
    const row = this.#row(seq);
    if (rev <= row.reactionsRev) return false;
    row.reactions = Object.keys(reactions).length > 0 ? reactions : undefined;
    row.reactionsRev = rev;
    this.#touch(row);
    return true;
  }

  /** Retention has removed everything below. @returns whether anything here was */
  dropBelow(horizon: number): boolean {
    // The first change of a room is a message, so nothing is older than `seq` 1.
    if (this.#from <= Math.max(1, horizon)) this.#from = 0;
    const before = this.#rows.size;
    this.#keep((seq) => seq >= horizon);
    return this.#rows.size < before;
  }

  /** Lets go of all but the newest `count`, which can be loaded again. */
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

  /** Counts a message where it is a reply that is not deleted. */
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
