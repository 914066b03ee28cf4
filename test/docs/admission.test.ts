import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { policiesTable } from '../../scripts/policies-text.ts';
import { policies } from '../../src/admission/policies.ts';
import { declarations } from '../../src/settings/declarations.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { PROJECT } from '../support/program.ts';

const { limits, MAX_UNAUTHENTICATED_SOCKETS } = readSettings({}).settings;
const all = policies(limits, MAX_UNAUTHENTICATED_SOCKETS);
const ids = all.map(({ id }) => `[${id}]`);

/** The ids at the beginning of the titles of tests and of groups. */
const titled = globSync('test/**/*.test.ts', { cwd: PROJECT }).flatMap((file) =>
  Array.from(
    readFileSync(join(PROJECT, file), 'utf8').matchAll(/\(\s*['`"](\[ADM\d+\]) /g),
    ([, id = '']) => id,
  ),
);

describe('the table of bounds', () => {
  test('is in docs/operating.md as it is generated from src/admission/policies.ts', () => {
    const page = readFileSync(join(PROJECT, 'docs', 'operating.md'), 'utf8');
    expect(page).toContain(`-->\n${policiesTable()}\n<!-- end of policies -->`);
  });

  test('has an id for each rule, counted from 1', () => {
    expect(ids).toEqual(ids.map((_, at) => `[ADM${at + 1}]`));
  });

  test('has a test for each rule, and each id in a test is in the table', () => {
    expect(new Set(titled)).toEqual(new Set(ids));
  });

  test('names only existing settings', () => {
    const names = new Set<string>(declarations.map(({ name }) => name));
    const named = all.flatMap(({ settings }) => settings);
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });
});
