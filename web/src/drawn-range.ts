import type { Message } from '../../src/client/index.ts';
import { indexFrom } from './reply-targets.ts';

/** So many messages are drawn at first: few enough for one frame of a slow processor. */
export const FIRST = 25;
/** So many more each time, so that scrolling stays even. */
export const GROW = 12;
/** So many are drawn beside those in sight, others are let go: layout and painting take time for each that is drawn. */
const BESIDE = 100;
/** Of what comes in while somebody reads further up, no more than so many are drawn. */
const MOST = 400;

/** The part of a list of messages that is drawn; by `seq`, since the list changes at both ends. */
export class DrawnRange {
  /** `seq` of the first message. */
  #from = 0;
  /** `seq` of the last one; Infinity: up to the newest. */
  #to = Infinity;
  /** Messages drawn last. */
  #count = 0;

  get reachesEnd(): boolean {
    return this.#to === Infinity;
  }

  /** Whether the list begins before it. */
  leavesOut(list: readonly Message[]): boolean {
    return this.#from > (list[0]?.seq ?? 0);
  }

  /** The newest messages. */
  toEnd(): void {
    this.#from = 0;
    this.#to = Infinity;
  }

  /** From one place in the list up to another. */
  show(list: readonly Message[], from: number, to: number): void {
    this.#from = list[Math.max(0, from)]?.seq ?? 0;
    this.#to = to >= list.length ? Infinity : (list[to - 1]?.seq ?? Infinity);
  }

  /**
   * Draws earlier ones, too.
   * @param inSight the number of messages in sight
   * @returns whether there was more to draw
   */
  growUp(list: readonly Message[], inSight: number): boolean {
    const at = indexFrom(list, this.#from);
    if (at === 0) return false;
    const from = at - GROW;
    this.show(list, from, Math.min(this.#endIn(list), from + inSight + BESIDE));
    return true;
  }

  /** The same with later ones. */
  growDown(list: readonly Message[], inSight: number): boolean {
    if (this.reachesEnd) return false;
    const end = this.#endIn(list) + GROW;
    this.show(list, Math.max(indexFrom(list, this.#from), end - inSight - BESIDE), end);
    return true;
  }

  /**
   * What is to be drawn of the list. Messages that come in are not drawn without bounds.
   * @param letsGo more is drawn before what is in sight than is needed: one is let go for each that came,
   * and one more
   * @param isAtEnd nobody reads further up
   */
  cut<M extends Message>(list: readonly M[], letsGo: boolean, isAtEnd: boolean): M[] {
    const end = this.#endIn(list);
    let start = this.#from === 0 ? end - FIRST : indexFrom(list, this.#from);
    if (letsGo) start = Math.max(start, end - this.#count + 1);
    start = Math.max(0, start);
    this.#count = end - start;
    this.#from = list[start]?.seq ?? 0;
    if (!isAtEnd && end - start > MOST) this.#to = list[end - 1]?.seq ?? Infinity;
    return list.slice(start, end);
  }

  #endIn(list: readonly Message[]): number {
    return this.reachesEnd ? list.length : indexFrom(list, this.#to + 1);
  }
}
