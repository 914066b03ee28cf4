import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './program.ts';

export const page = readFileSync(join(PROJECT, 'docs', 'build-on-parlor.md'), 'utf8');

/** The code block in docs/build-on-parlor.md whose first line names `file`. */
export function block(file: string): string {
  const blocks = Array.from(page.matchAll(/^```\w+\n([^]*?)^```$/gm), ([, code = '']) => code);
  const found = blocks.find((code) => code.startsWith(`// ${file}\n`));
  if (found === undefined) throw new Error(`docs/build-on-parlor.md has no block named ${file}.`);
  return found;
}
