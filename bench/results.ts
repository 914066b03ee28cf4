import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { PROJECT } from '../scripts/project.ts';

const PATH = join(PROJECT, 'bench', 'results', 'latest.json');

/** The machine of a run, since no figure means much without it. */
export function machine(diskSyncMs: number): object {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    processors: availableParallelism(),
    load1AtEnd: Number((loadavg()[0] ?? 0).toFixed(2)),
    node: process.version,
    diskSyncMs: Number(diskSyncMs.toFixed(3)),
  };
}

/** Replaces the figures of a mode's last run; those of the other modes stay. @returns the file's path */
export async function writeResults(mode: string, figures: object): Promise<string> {
  let known: object = {};
  try {
    known = JSON.parse(await readFile(PATH, 'utf8')) as object;
  } catch {
    // The first run.
  }
  const results = { ...known, [mode]: { at: new Date().toISOString(), ...figures } };
  await mkdir(join(PROJECT, 'bench', 'results'), { recursive: true });
  await writeFile(PATH, `${JSON.stringify(results, undefined, 2)}\n`);
  return PATH;
}
