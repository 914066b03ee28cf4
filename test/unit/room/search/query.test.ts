import { expect, it } from 'vitest';
import { readQuery } from '../../../../src/room/search/query.ts';

function said(query: string): string[] {
  return readQuery(query).map(({ tokens, kind }) => `${kind}: ${tokens.join(' ')}`);
}

it.each([
  ['Big red', ['whole: big', 'beginning: red']],
  ['big re', ['whole: big', 'whole: re']],
  ['"Big red"', ['whole: big red']],
  ['say "big red" car', ['whole: say', 'whole: big red', 'beginning: car']],
  ['say "big red', ['whole: say', 'whole: big', 'beginning: red']],
  ['“big red”„car”', ['whole: big red', 'whole: car']],
  ['e-mail', ['beginning: e mail']],
  ['会议室', ['whole: 会议 议室']],
  ['会', ['character: 会']],
  ['gen后50条', ['whole: gen 后 50 条']],
  ['50条件', ['whole: 50 条 条件']],
  ['条件50', ['whole: 条件 件 50']],
  ['red red RED', ['whole: red', 'beginning: red']],
  ['C++', ['whole: c ++']],
  ['!!! ', []],
  ['', []],
])('reads %s as %j', (query, terms) => {
  expect(said(query)).toEqual(terms);
});
