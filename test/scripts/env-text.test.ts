import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unstable_getVarsForDev as wranglerReads } from 'wrangler';
import { envLine } from '../../scripts/env-text.ts';
import { temporaryFolder } from '../support/folder.ts';

const VALUES = [
  'plain',
  ' spaces # and a hash ',
  '$HOME ${HOME} \\$HOME $$ $',
  "it's",
  'a "quoted" `word`',
  "both ' and `",
  'back\\slash \\n',
  'two\nlines',
  'a=b;c',
  '🦜 é',
  'x'.repeat(5_000),
];

test.each(VALUES)('wrangler reads %j unchanged', (value) => {
  const path = join(temporaryFolder(), 'settings.env');
  writeFileSync(path, envLine('A', value) + envLine('B', 'next'));
  const read = wranglerReads(undefined, [path], {}, undefined, true);
  expect(read).toEqual({
    A: { type: 'secret_text', value },
    B: { type: 'secret_text', value: 'next' },
  });
});

test.each([`'"\``, `'\`\\n`])('a value that fits into no quotes is refused: %j', (value) => {
  expect(() => envLine('JWT_SECRET', value)).toThrow(
    /^JWT_SECRET must do without one of the three quotes/,
  );
});
