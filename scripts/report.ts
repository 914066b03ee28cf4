import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './project.ts';
import type { Report } from './tally.ts';

/** Where a test run leaves its counts, within the project. */
export const REPORT = 'dist/vitest.json';

const path = join(PROJECT, REPORT);

/** Removes the report of an earlier run, so that it is not counted. */
export function removeReport(): void {
  rmSync(path, { force: true });
}

export function readReport(): Report | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Report) : undefined;
}
