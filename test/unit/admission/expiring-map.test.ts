import { expect, it } from 'vitest';
import { ExpiringMap } from '../../../src/admission/expiring-map.ts';

/** Answers which use of a key made the value it gets, with values that expire after a minute. */
function uses() {
  const map = new ExpiringMap<number>(60_000);
  let made = 0;
  return (key: string, now: number) => map.getOrAdd(key, now, () => ++made);
}

it('keeps a value for as long as it is used', () => {
  const use = uses();
  expect([0, 59_999, 119_998].map((now) => use('a', now))).toEqual([1, 1, 1]);
  expect(use('a', 179_998)).toBe(2);
});

it('keeps one value for each key', () => {
  const use = uses();
  expect(['a', 'b', 'a', 'b'].map((key) => use(key, 0))).toEqual([1, 2, 1, 2]);
});

it('removes idle values, and keeps those in use', () => {
  const use = uses();
  for (const key of ['a', 'b']) use(key, 0);
  use('a', 30_000);
  use('c', 60_000);
  expect([use('a', 60_000), use('b', 60_000)]).toEqual([1, 4]);
});

it('removes a value when the clock has gone back by its lifetime, and not before', () => {
  const use = uses();
  expect([3_600_000, 3_541_000, 0].map((now) => use('a', now))).toEqual([1, 1, 2]);
});
