import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { closeCodes } from '../../src/protocol/codes/close-codes.ts';
import { errorCodes } from '../../src/protocol/codes/errors.ts';
import { PROJECT } from '../support/program.ts';

const page = readFileSync(join(PROJECT, 'docs', 'troubleshooting.md'), 'utf8');

/** The entries under a heading: their texts by title. */
function entries(heading: string): Map<string, string> {
  const [, under = ''] =
    new RegExp(`^## ${heading}\\n([^]*?)(?=^## |$(?![^]))`, 'm').exec(page) ?? [];
  const found = under.matchAll(/^### `?([^`\n]+)`?\n([^]*?)(?=^### |$(?![^]))/gm);
  return new Map(Array.from(found, ([, title = '', text = '']) => [title, text.trim()]));
}

test('docs/troubleshooting.md has an entry for every error code, and for no other', () => {
  expect([...entries('Errors').keys()]).toEqual(Object.keys(errorCodes));
});

test('docs/troubleshooting.md has an entry for every close code, and for no other', () => {
  const all = Object.values(closeCodes).toSorted((a, b) => a - b);
  expect([...entries('Close codes').keys()].map(Number)).toEqual(all);
});

test('each entry of docs/troubleshooting.md has a text', () => {
  for (const heading of ['Errors', 'Close codes', 'Other signs']) {
    for (const [title, text] of entries(heading)) expect(text.length, title).toBeGreaterThan(20);
  }
});
