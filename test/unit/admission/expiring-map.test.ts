import { expect, it } from 'vitest';
import { ExpiringMap } from '../../../src/admission/expiring-map.ts';

/** Uses a key of a map whose values expire after a minute. @returns the number of the value: 1, 2, … */
function uses() {
  const map = new ExpiringMap<number>(60_000);
  let made = 0;
  return (key: string, now: number) => map.getOrAdd(key, now, () => ++made);
}

it('a value stays in the map for as long as it is used', () => {
  const use = uses();
  expect([0, 59_999, 119_998].map((now) => use('a', now))).toEqual([1, 1, 1]);
  expect(use('a', 179_998)).toBe(2);
});

it('the map has one value for each key', () => {
  const use = uses();
  expect(['a', 'b', 'a', 'b'].map((key) => use(key, 0))).toEqual([1, 2, 1, 2]);
});

it('idle values expire, used ones stay', () => {
  const use = uses();
  for (const key of ['a', 'b']) use(key, 0);
  use('a', 30_000);
  use('c', 60_000);
  expect([use('a', 60_000), use('b', 60_000)]).toEqual([1, 4]);
});

it('a value expires when the clock is set back by its lifetime, but not by less', () => {
  const use = uses();
  expect([3_600_000, 3_541_000, 0].map((now) => use('a', now))).toEqual([1, 1, 2]);
});
