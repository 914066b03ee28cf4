import type { EventPayload } from '../protocol/events.ts';
import type { Message } from '../protocol/objects.ts';

/** A message's text and its reactions, each as of the newest change that told of it. */
interface Row {
  /** Without its reactions; undefined while only reactions were heard of. */
  text?: Message;
  textRev: number;
  reactions?: Message['reactions'];
  reactionsRev: number;
  /** Both together; made when first asked for. */
  shown?: Message | undefined;
}

/** What a message was to those who hold it: not there before, changed, or known already. */
export type Merged = 'new' | 'changed' | 'known';

/**
 * The room's messages as far as they are loaded: one unbroken run up to the newest. States may be
 * put in any order and any number of times: the newest counts. An event about reactions tells
 * nothing of the text, so both parts carry a `rev` of their own; otherwise it could hide an edit
 * that is still on its way in a page.
 */
export class Timeline {
  /** Every message from this `seq` on is here; 0 when nothing older exists. */
  #from = Infinity;
  #rows = new Map<number, Row>();
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
    this.#list ??= [...this.#rows.values()]
      .flatMap((row) => shown(row) ?? [])
      .toSorted((a, b) => a.seq - b.seq);
    return this.#list;
  }

  find(seq: number): Message | undefined {
    const row = this.#rows.get(seq);
    return row && shown(row);
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
    const { reactions, ...text } = message;
    const row = this.#row(seq);
    const isNew = row.text === undefined;
    if (rev <= row.textRev) return 'known';
    row.text = text;
    row.textRev = rev;
    if (rev >= row.reactionsRev) {
      row.reactions = reactions;
      row.reactionsRev = rev;
    }
    this.#touch(row);
    return isNew ? 'new' : 'changed';
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
    for (const seq of this.#rows.keys()) {
      if (isKept(seq)) continue;
      this.#rows.delete(seq);
      this.#list = undefined;
    }
  }
}

function shown(row: Row): Message | undefined {
  const { text, textRev, reactions, reactionsRev } = row;
  if (text === undefined) return undefined;
  const rev = Math.max(textRev, reactionsRev);
  row.shown ??= { ...text, rev, ...(reactions !== undefined && { reactions }) };
  return row.shown;
}
