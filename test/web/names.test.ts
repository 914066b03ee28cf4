import { expect, test } from 'vitest';
import { listed, Names } from '../../web/src/names.ts';

function namesOf(...all: string[]): Names {
  const names = new Names();
  for (const name of all) names.learn(`id of ${name}`, name);
  return names;
}

test.each([
  ['hi @Ann', ['Ann']],
  ['@Ann-Marie, and @C++ (x)', ['Ann-Marie', 'C++ (x)']],
  ['@Ann Lee wrote to @Ann.', ['Ann Lee', 'Ann']],
  ['@Anna and mail@Ann', []],
  ['nobody', []],
])('%s mentions whom it names as a whole', (text, mentioned) => {
  const names = namesOf('Ann', 'Ann Lee', 'Ann-Marie', 'C++ (x)');
  const ids = names.mentionedIn(text);
  expect(ids.toSorted()).toEqual(mentioned.map((name) => `id of ${name}`).toSorted());
});

test.each([
  [['Ann'], 0, 'Ann'],
  [['Ann', 'Ben'], 0, 'Ann and Ben'],
  [['Ann', 'Ben', 'Kim', 'Lee'], 0, 'Ann, Ben, Kim and 1 other'],
  [['Ann'], 2, 'Ann and 2 others'],
  [[], 1, '1 other'],
])('%j and %i more are named as people say it', (names, others, line) => {
  expect(listed(names, others)).toBe(line);
});
