import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../support/program.ts';

const page = readFileSync(join(PROJECT, 'docs', 'protocol.md'), 'utf8');

/** The ids of the rules, in the order of the page: a rule is a list item that begins with its id. */
const ids = Array.from(page.matchAll(/^ *- \[([A-Z]+\d+)\] /gm), ([, id = '']) => id);

/** The ids at the beginning of the titles of tests and of groups, without those of docs/operating.md. */
const titled = globSync('test/**/*.test.ts', { cwd: PROJECT }).flatMap((file) =>
  Array.from(
    readFileSync(join(PROJECT, file), 'utf8').matchAll(/['"`]((?:\[[A-Z]+\d+\] )+)/g),
    ([, prefix = '']) => prefix.match(/[A-Z]+\d+/g) ?? [],
  )
    .flat()
    .filter((id) => !id.startsWith('ADM')),
);

test('each rule of docs/protocol.md has an id of its own', () => {
  expect(ids.length).toBeGreaterThan(90);
  expect(ids).toEqual([...new Set(ids)]);
});

test('the ids of each group count from 1', () => {
  const groups = Map.groupBy(ids, (id) => id.replace(/\d+/, ''));
  for (const [group, members] of groups) {
    const numbers = members.map((id) => Number(id.slice(group.length)));
    expect([group, numbers.toSorted((a, b) => a - b)]).toEqual([
      group,
      members.map((_, at) => at + 1),
    ]);
  }
});

test('each rule of docs/protocol.md has a test that carries its id', () => {
  expect(ids.filter((id) => !titled.includes(id))).toEqual([]);
});

test('each id in a title is that of a rule of docs/protocol.md', () => {
  expect(titled.filter((id) => !ids.includes(id))).toEqual([]);
});
