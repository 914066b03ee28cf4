import type { RelayOrder } from './exchange.ts';

type Send = Extract<RelayOrder, { type: 'send' }>;

/** Length of the shortest common end that is worth an order, in UTF-16 units. */
const MIN_TAIL = 256;

/**
 * Takes the common end out of replies. Connections that join at the same time get the same newest
 * messages, or have missed the same ones: a call of the room then holds these only once.
 */
export class Tails {
  /** The first line of the last reply that was compared. */
  #before = '';
  #tail = '';

  /** The order without the common end, after an order `tail` if that end is a new one. */
  cut(order: RelayOrder): RelayOrder[] {
    const first = order.type === 'send' ? order.frame.lines[0] : undefined;
    if (first === undefined || first.length < MIN_TAIL) return [order];
    if (this.#tail !== '' && first.endsWith(this.#tail)) return [this.#without(order as Send)];
    this.#tail = commonEnd(first, this.#before);
    this.#before = first;
    if (this.#tail.length < MIN_TAIL) {
      this.#tail = '';
      return [order];
    }
    return [{ type: 'tail', text: this.#tail }, this.#without(order as Send)];
  }

  #without({ frame, ...order }: Send): Send {
    const [first = '', ...rest] = frame.lines;
    const lines = [first.slice(0, -this.#tail.length), ...rest];
    return { ...order, frame: { ...frame, lines }, hasTail: true };
  }
}

/** The frame of an order as it was before `Tails` cut it. */
export function withTail({ frame, hasTail }: Send, tail: string): Send['frame'] {
  if (hasTail !== true) return frame;
  const [first = '', ...rest] = frame.lines;
  return { ...frame, lines: [first + tail, ...rest] };
}

/** How much text orders hold, in UTF-16 units. */
export function textOf(orders: readonly RelayOrder[]): number {
  return orders.reduce((sum, order) => sum + lengthOf(order), 0);
}

function lengthOf(order: RelayOrder): number {
  if (order.type === 'tail') return order.text.length;
  if (order.type !== 'send' && order.type !== 'share') return 64;
  return order.frame.lines.reduce((sum, { length }) => sum + length, 64);
}

/** The longest common end of two texts. Comparing whole ends is much faster than unit by unit. */
function commonEnd(one: string, other: string): string {
  let [common, tooLong] = [0, Math.min(one.length, other.length) + 1];
  while (tooLong - common > 1) {
    const middle = (common + tooLong) >> 1;
    if (one.endsWith(other.slice(other.length - middle))) common = middle;
    else tooLong = middle;
  }
  return common === 0 ? '' : one.slice(-common);
}
