import * as fc from 'fast-check';
import type { SoakOptions } from '../../scripts/soak.ts';

/** How a number of random plays is made; the same options play the same. */
export interface PlayOptions {
  seed: number;
  runs: number;
  longest: number;
  /** No list is shorter; 0 unless given. */
  shortest?: number;
}

/** Plays random lists of steps; the report of the first that fails, shrunk, or nothing. */
export function playAtRandom<Step>(
  step: fc.Arbitrary<Step>,
  play: (steps: Step[]) => void,
  { seed, runs, longest, shortest = 0 }: PlayOptions,
): string | undefined {
  const result = fc.check(
    fc.property(
      fc.array(step, { minLength: shortest, maxLength: longest, size: 'max' }),
      (steps) => {
        play(steps);
      },
    ),
    { seed, numRuns: runs },
  );
  if (!result.failed) return undefined;
  return `${String(result.errorInstance)}\n${fc.defaultReportMessage(result)}`;
}

/** Plays seed after seed for as long as asked; throws the report of the first that fails. */
export async function soakPlays(
  { minutes, seed, log }: SoakOptions,
  batch: Omit<PlayOptions, 'seed'>,
  attempt: (options: PlayOptions) => string | undefined,
  verdict: (runs: number) => string,
): Promise<void> {
  const end = Date.now() + minutes * 60_000;
  let runs = 0;
  for (let next = seed; Date.now() < end; next++) {
    const failed = attempt({ ...batch, seed: next });
    if (failed !== undefined) throw new Error(`seed ${next}: ${failed}`);
    runs += batch.runs;
    if ((next - seed) % 10 === 9) log(verdict(runs));
    // Lets the process hear a signal in between.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  log(verdict(runs));
}
