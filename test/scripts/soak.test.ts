import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { Program } from '../support/program.ts';

/** Runs `npm run soak` in a folder with one soak, `one`, of this source, or with none. */
async function soak(args: readonly string[], source?: string) {
  const cwd = temporaryFolder();
  if (source !== undefined) {
    mkdirSync(join(cwd, 'test', 'soak'), { recursive: true });
    writeFileSync(join(cwd, 'test', 'soak', 'one.ts'), source);
  }
  return new Program('scripts/soak.ts', { args, cwd }).ended;
}

const HOLDS = `export async function soak({ minutes, seed, log }: any) { log('got ' + minutes + ' ' + seed); }`;
const BREAKS = `export async function soak() { throw new Error('a message was lost'); }`;

test('npm run soak lists the soaks', async () => {
  expect((await soak([], HOLDS)).stdout).toMatch(/There are: one\.\n$/);
  expect((await soak([])).stdout).toMatch(/There are none yet\.\n$/);
});

test('npm run soak passes minutes and seed to a soak and reports its success', async () => {
  const { code, stdout } = await soak(['one', '--minutes', '0.5', '--seed', '7'], HOLDS);
  expect(stdout).toMatch(/^\[0\.\d s\] soak one: 0\.5 minutes, seed 7\n/);
  expect(stdout).toMatch(/got 0\.5 7\n.*soak one: held with seed 7\n$/);
  expect(code).toBe(0);
});

test('npm run soak chooses a seed and prints it, so that a failure can be repeated', async () => {
  const { code, stdout } = await soak(['one'], BREAKS);
  const [, seed] = /seed (\d+)\n/.exec(stdout) ?? [];
  expect(stdout).toContain('a message was lost');
  expect(stdout).toMatch(
    new RegExp(
      `FAILED with seed ${seed}; again: npm run soak -- one --minutes 10 --seed ${seed}\n$`,
    ),
  );
  expect(code).toBe(1);
});

test.each([
  [['other'], /^There is no soak "other"\. There are: one\.$/],
  [['one', '--minutes', 'x'], /^--minutes must be a number/],
  [['one', '--seed', '-'], /^--seed must be a whole number/],
])('npm run soak answers %j with one sentence', async (args, sentence) => {
  const { code, stderr } = await soak(args, HOLDS);
  expect(stderr.trimEnd()).toMatch(sentence);
  expect(code).toBe(1);
});
