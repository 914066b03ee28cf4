import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { median } from './median.ts';

const SYNCS = 40;
const PAGE = Buffer.alloc(4_096, 'parlor');

/**
 * How long one small write to the disk takes in this folder: the median, in milliseconds.
 * @param everyMs pause before each write: a disk that has rested takes longer
 */
export async function syncMs(folder: string, everyMs = 0): Promise<number> {
  const path = join(folder, 'sync');
  const file = openSync(path, 'w');
  const times: number[] = [];
  for (let count = 0; count < SYNCS; count++) {
    if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
    const begunAt = performance.now();
    writeSync(file, PAGE);
    fdatasyncSync(file);
    times.push(performance.now() - begunAt);
  }
  closeSync(file);
  rmSync(path);
  return median(times);
}
