import type { Message } from '../../src/client/index.ts';
import { indexFrom } from './reply-targets.ts';

/** How many messages are drawn at first: few enough for one frame on a slow processor. */
export const FIRST = 25;
/** How many more are drawn each time, so that scrolling stays smooth. */
export const GROW = 12;
/** How many are drawn beside those in sight: layout and painting take time for each drawn message. */
const MAX_BESIDE = 100;
/** The most that are drawn, with the new messages, while the reader is further up. */
const MAX_DRAWN = 400;

/** The part of a list of messages that is drawn, bounded by `seq` since the list changes at both ends. */
export class DrawnRange {
  /** `seq` of the first message. */
  #from = 0;
  /** `seq` of the last message; Infinity means up to the newest. */
  #to = Infinity;
  /** How many messages were drawn last time. */
  #count = 0;

  get reachesEnd(): boolean {
    return this.#to === Infinity;
  }

  /** Whether the list has messages before this range. */
  leavesOut(list: readonly Message[]): boolean {
    return this.#from > (list[0]?.seq ?? 0);
  }

  /** Moves the range to the newest messages. */
  toEnd(): void {
    this.#from = 0;
    this.#to = Infinity;
  }

  /** Sets the range to part of the list: from index `from` up to, but not including, `to`. */
  show(list: readonly Message[], from: number, to: number): void {
    this.#from = list[Math.max(0, from)]?.seq ?? 0;
    this.#to = to >= list.length ? Infinity : (list[to - 1]?.seq ?? Infinity);
  }

  /**
   * Extends the range to earlier messages.
   * @param inSight the number of messages in sight
   * @returns whether there was more to draw
   */
  growUp(list: readonly Message[], inSight: number): boolean {
    const at = indexFrom(list, this.#from);
    if (at === 0) return false;
    const from = at - GROW;
    this.show(list, from, Math.min(this.#endIn(list), from + inSight + MAX_BESIDE));
    return true;
  }

  /** Extends it to later messages in the same way. */
  growDown(list: readonly Message[], inSight: number): boolean {
    if (this.reachesEnd) return false;
    const end = this.#endIn(list) + GROW;
    this.show(list, Math.max(indexFrom(list, this.#from), end - inSight - MAX_BESIDE), end);
    return true;
  }

  /**
   * The messages to draw. Bounds their number while new ones arrive.
   * @param isTrimming more is drawn above those in sight than needed: the range loses one message for
   * each new one, and one more
   * @param isAtEnd whether the reader is at the end
   */
  cut<M extends Message>(list: readonly M[], isTrimming: boolean, isAtEnd: boolean): M[] {
    const end = this.#endIn(list);
    let start = this.#from === 0 ? end - FIRST : indexFrom(list, this.#from);
    if (isTrimming) start = Math.max(start, end - this.#count + 1);
    start = Math.max(0, start);
    this.#count = end - start;
    this.#from = list[start]?.seq ?? 0;
    if (!isAtEnd && end - start > MAX_DRAWN) this.#to = list[end - 1]?.seq ?? Infinity;
    return list.slice(start, end);
  }

  #endIn(list: readonly Message[]): number {
    return this.reachesEnd ? list.length : indexFrom(list, this.#to + 1);
  }
}
