import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PROJECT } from '../support/program.ts';

/** The most lines of code of a class; lint holds those of files and functions. */
const MAX_CLASS_LINES = 250;

const CODE = /^\s*(?!\/\/|\/?\*|$)\S/;

/** Top-level classes of a formatted module: each ends at the first line that begins with a brace. */
const CLASSES = /^(?:export )?(?:abstract )?class (\w+)[^]*?^\}/gm;

it(`no class of the server has more than ${MAX_CLASS_LINES} lines of code`, () => {
  const sizes = globSync('{src,local-server}/**/*.ts', { cwd: PROJECT }).flatMap((file) =>
    Array.from(readFileSync(join(PROJECT, file), 'utf8').matchAll(CLASSES), ([text, name]) => ({
      name: `${file} ${name}`,
      lines: text.split('\n').filter((line) => CODE.test(line)).length,
    })),
  );
  expect(sizes.length).toBeGreaterThan(100);
  expect(sizes.filter(({ lines }) => lines > MAX_CLASS_LINES)).toEqual([]);
});
