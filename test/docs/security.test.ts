import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT } from '../support/program.ts';

const page = readFileSync(join(PROJECT, 'SECURITY.md'), 'utf8');

/** The tests that the page names: files, and titles in each. */
const named = Array.from(
  page.matchAll(/(test\/[\w./-]+\.ts): ((?:"[^"]+"(?:, )?)+)/g),
  ([, file = '', titles = '']) => ({
    file,
    titles: Array.from(titles.matchAll(/"([^"]+)"/g), ([, title = '']) => title),
  }),
);

const QUOTES = ["'", '"', '`'];

describe('SECURITY.md', () => {
  test('names only existing tests', () => {
    expect(named.length).toBeGreaterThan(40);
    for (const { file, titles } of named) {
      expect([file, existsSync(join(PROJECT, file))]).toEqual([file, true]);
      const text = readFileSync(join(PROJECT, file), 'utf8');
      for (const title of titles) {
        const isThere = QUOTES.some((quote) => text.includes(`${quote}${title}${quote}`));
        expect([file, title, isThere]).toEqual([file, title, true]);
      }
    }
  });

  test('names a test for every attack', () => {
    const [, table = ''] = /\n## Attacks\n([^]*?)\n## /.exec(page) ?? [];
    const lines = table.split('\n').filter((line) => /^\| (?!-|attack )/.test(line));
    expect(lines.length).toBeGreaterThan(15);
    for (const line of lines) expect(line).toMatch(/test\/\S+\.test\.ts: "/);
  });
});
