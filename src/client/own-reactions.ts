import type { Message } from '../protocol/objects.ts';
import type { Change } from './state.ts';

type BySeq = ReadonlyMap<number, readonly string[]>;

/** The emoji that this user has reacted with, by the message's `seq`; messages without any are left out. */
export class OwnReactions {
  #bySeq: BySeq = new Map();

  clear(): void {
    this.#bySeq = new Map();
  }

  /** Takes a reply with messages. @param given this user's reactions to them, by `seq` */
  merge(messages: readonly Message[], given: Record<string, string[]> = {}): void {
    for (const { seq } of messages) this.set(seq, given[seq] ?? []);
  }

  set(seq: number, emojis: readonly string[]): void {
    if (emojis.length === 0 && !this.#bySeq.has(seq)) return;
    const bySeq = new Map(this.#bySeq);
    if (emojis.length > 0) bySeq.set(seq, emojis);
    else bySeq.delete(seq);
    this.#bySeq = bySeq;
  }

  change(seq: number, emoji: string, isGiven: boolean): void {
    this.set(seq, changed(this.#bySeq.get(seq) ?? [], emoji, isGiven));
  }

  /** These reactions with the changes that are not known to be stored. */
  with(changes: readonly Change[]): BySeq {
    let bySeq = this.#bySeq;
    for (const { name, payload } of changes) {
      if (!('emoji' in payload)) continue;
      const { seq, emoji } = payload;
      bySeq = new Map(bySeq).set(seq, changed(bySeq.get(seq) ?? [], emoji, name === 'addReaction'));
    }
    return bySeq;
  }
}

function changed(emojis: readonly string[], emoji: string, isGiven: boolean): readonly string[] {
  const others = emojis.filter((one) => one !== emoji);
  return isGiven ? [...others, emoji] : others;
}
