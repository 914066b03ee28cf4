import * as fc from 'fast-check';
import type { SoakOptions } from '../../scripts/soak.ts';
import { deed, play } from '../room/convergence-play.ts';

/** Plays in random rooms; the report of the first that fails, shrunk, or nothing. */
export function converge(options: {
  seed: number;
  runs: number;
  longest: number;
}): string | undefined {
  const { seed, runs, longest } = options;
  const result = fc.check(
    fc.property(fc.array(deed, { maxLength: longest, size: 'max' }), (deeds) => {
      play(deeds);
    }),
    { seed, numRuns: runs },
  );
  if (!result.failed) return undefined;
  return `${String(result.errorInstance)}\n${fc.defaultReportMessage(result)}`;
}

/** Rooms between two looks at the clock. */
const BATCH = 50;

/**
 * Whoever listened, came back or reloaded holds the same room (P1, P7, P8, P9), for as long as asked;
 * stops at the first that does not.
 */
export async function soak(options: SoakOptions): Promise<void> {
  const { minutes, seed } = options;
  const log = (line: string) => options.log(line);
  const end = Date.now() + minutes * 60_000;
  let runs = 0;
  for (let next = seed; Date.now() < end; next++) {
    const failed = converge({ seed: next, runs: BATCH, longest: 300 });
    if (failed !== undefined) throw new Error(`seed ${next}: ${failed}`);
    runs += BATCH;
    if ((next - seed) % 10 === 9) log(`${runs} rooms, all of one mind`);
    // Lets the process hear a signal in between.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  log(`${runs} rooms, all of one mind`);
}
