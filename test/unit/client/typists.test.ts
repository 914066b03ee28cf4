import { expect, test } from 'vitest';
import { Typists } from '../../../src/client/typists.ts';

test('a typing notice lapses, however often it is read', () => {
  const due: (() => void)[] = [];
  let lapsed = 0;
  const after = (_: number, work: () => void) => {
    due.push(work);
    return () => undefined;
  };
  const typists = new Typists({ after }, 6_000, () => lapsed++);
  expect(typists.list).toEqual([]);
  typists.update({ roomId: 'r', userId: 'ben', username: 'Ben', isTyping: true });
  expect(typists.list).toEqual([{ userId: 'ben', username: 'Ben' }]);
  due[0]?.();
  expect([typists.list, lapsed]).toEqual([[], 1]);
});
