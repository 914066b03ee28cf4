import * as fc from 'fast-check';
import { happening, play } from '../room/evening.ts';

/** Plays random evenings; the report of the first that fails, shrunk, or nothing. */
export function playEvenings(options: {
  seed: number;
  runs: number;
  longest: number;
}): string | undefined {
  const { seed, runs, longest } = options;
  const result = fc.check(
    fc.property(fc.array(happening, { maxLength: longest, size: 'max' }), (happenings) => {
      play(happenings);
    }),
    { seed, numRuns: runs },
  );
  if (!result.failed) return undefined;
  return `${String(result.errorInstance)}\n${fc.defaultReportMessage(result)}`;
}

export interface SoakOptions {
  minutes: number;
  seed: number;
  log: (line: string) => void;
}

/** Evenings between two looks at the clock. */
const BATCH = 100;

/** The properties of a room under faults, for as long as asked; stops at the first that fails. */
export async function soak({ minutes, seed, log }: SoakOptions): Promise<void> {
  const end = Date.now() + minutes * 60_000;
  let runs = 0;
  for (let next = seed; Date.now() < end; next++) {
    const failed = playEvenings({ seed: next, runs: BATCH, longest: 400 });
    runs += BATCH;
    if (failed !== undefined) throw new Error(`seed ${next}: ${failed}`);
    if ((next - seed) % 10 === 9) log(`${runs} evenings, no property broken`);
    // Lets the process hear a signal in between.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  log(`${runs} evenings, no property broken`);
}
