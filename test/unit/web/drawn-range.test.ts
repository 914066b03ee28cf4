import { expect, test } from 'vitest';
import type { Message } from '../../../src/client/index.ts';
import { DrawnRange, GROW } from '../../../web/src/drawn-range.ts';

/** Messages 1 to `count`. */
function listOf(count: number): Message[] {
  return Array.from({ length: count }, (_, at) => ({ seq: at + 1 }) as Message);
}

function ends(drawn: readonly Message[]): [first: number | undefined, last: number | undefined] {
  return [drawn[0]?.seq, drawn.at(-1)?.seq];
}

test('draws the newest messages at first, and older ones each time it grows', () => {
  const range = new DrawnRange();
  const list = listOf(2 * GROW + 10);
  expect(ends(range.cut(list, false, true))).toEqual([GROW + 11, 2 * GROW + 10]);
  expect(range.growUp(list)).toBe(true);
  expect(ends(range.cut(list, false, true))).toEqual([11, 2 * GROW + 10]);
  expect(range.growUp(list)).toBe(true);
  expect(ends(range.cut(list, false, true))).toEqual([1, 2 * GROW + 10]);
  expect(range.growUp(list)).toBe(false);
});

test('lets go of one message for each that comes, and one more, while the end is followed', () => {
  const range = new DrawnRange();
  range.cut(listOf(100), false, true);
  expect(range.cut(listOf(105), true, true)).toHaveLength(GROW - 1);
  expect(ends(range.cut(listOf(105), true, true))).toEqual([105 - GROW + 3, 105]);
});

test('keeps every drawn message for a reader who has scrolled up', () => {
  const range = new DrawnRange();
  range.cut(listOf(100), false, true);
  expect(ends(range.cut(listOf(180), false, false))).toEqual([101 - GROW, 180]);
});
