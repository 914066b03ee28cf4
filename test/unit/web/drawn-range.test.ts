import { expect, test } from 'vitest';
import type { Message } from '../../../src/client/index.ts';
import { DrawnRange, FIRST, GROW } from '../../../web/src/drawn-range.ts';

/** Messages 1 to `count`. */
function listOf(count: number): Message[] {
  return Array.from({ length: count }, (_, at) => ({ seq: at + 1 }) as Message);
}

function ends(drawn: readonly Message[]): [first: number | undefined, last: number | undefined] {
  return [drawn[0]?.seq, drawn.at(-1)?.seq];
}

test('the newest messages are drawn at first, and older ones each time the range grows', () => {
  const range = new DrawnRange();
  const last = FIRST + GROW + 10;
  const list = listOf(last);
  expect(ends(range.cut(list, false, true))).toEqual([GROW + 11, last]);
  expect(range.growUp(list, 10)).toBe(true);
  expect(ends(range.cut(list, false, true))).toEqual([11, last]);
  expect(range.growUp(list, 10)).toBe(true);
  expect(ends(range.cut(list, false, true))).toEqual([1, last]);
  expect(range.growUp(list, 10)).toBe(false);
});

test('at most a hundred messages are drawn beside those in sight, in both directions', () => {
  const range = new DrawnRange();
  const list = listOf(500);
  range.cut(list, false, true);
  while (range.growUp(list, 20)) expect(range.cut(list, false, false).length).toBeLessThan(121);
  expect(range.cut(list, false, false)[0]?.seq).toBe(1);
  while (range.growDown(list, 20)) expect(range.cut(list, false, false).length).toBeLessThan(121);
  expect(range.cut(list, false, false).at(-1)?.seq).toBe(500);
});

test('while the end is followed, each new message removes an old one, and each draw one more', () => {
  const range = new DrawnRange();
  range.cut(listOf(100), false, true);
  expect(range.cut(listOf(105), true, true)).toHaveLength(FIRST - 1);
  expect(ends(range.cut(listOf(105), true, true))).toEqual([105 - FIRST + 3, 105]);
});

test('every drawn message stays for a reader who has scrolled up', () => {
  const range = new DrawnRange();
  range.cut(listOf(100), false, true);
  expect(ends(range.cut(listOf(180), false, false))).toEqual([101 - FIRST, 180]);
});
