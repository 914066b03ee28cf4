import { expect, test } from 'vitest';
import { momentOf, readSearchQuery } from '../../../web/src/search-query.ts';

test.each([
  ['deploy', { words: 'deploy' }],
  ['from:ann deploy now', { words: 'deploy now', from: 'ann' }],
  ['deploy from:"Bob Hansen"', { words: 'deploy', from: 'Bob Hansen' }],
  ['FROM:@ann x', { words: 'x', from: 'ann' }],
  ['x before:2026-11-20', { words: 'x', before: new Date(2026, 10, 20).getTime() }],
  ['x before:2026-13-40 y', { words: 'x before:2026-13-40 y' }],
  ['https://from:x', { words: 'https://from:x' }],
])('the search %j is read with its filters', (typed, query) => {
  const { words, ...filters } = readSearchQuery(typed);
  expect({ words: words.replaceAll(/\s+/g, ' '), ...filters }).toEqual(query);
});

test('a day that does not exist is no filter', () => {
  expect(['2026-02-30', '20-11-2026', ''].map(momentOf)).toEqual([undefined, undefined, undefined]);
});
