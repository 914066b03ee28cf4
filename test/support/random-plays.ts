import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { SoakOptions } from '../../scripts/soak.ts';

/** The options of random plays; the same options give the same plays. */
export interface PlayOptions {
  seed: number;
  runs: number;
  longest: number;
  /** The least length of a list of steps; 0 by default. */
  shortest?: number;
}

/**
 * Plays random lists of steps.
 * @returns the report of the first failure, or undefined. It is shrunk, unless all lists have the same
 * length: then little can be removed, and shrinking takes hours.
 */
export function playAtRandom<Step>(
  step: fc.Arbitrary<Step>,
  play: (steps: Step[]) => void,
  { seed, runs, longest, shortest = 0 }: PlayOptions,
): string | undefined {
  const hasFixedLength = shortest === longest;
  const result = fc.check(
    fc.property(
      fc.array(step, { minLength: shortest, maxLength: longest, size: 'max' }),
      (steps) => {
        play(steps);
      },
    ),
    { seed, numRuns: runs, endOnFailure: hasFixedLength },
  );
  if (!result.failed) return undefined;
  if (hasFixedLength) return String(result.errorInstance);
  return `${String(result.errorInstance)}\n${fc.defaultReportMessage(result)}`;
}

/** An exported function that plays, for use in other processes. */
export interface Player {
  /** The URL of its module. */
  module: string;
  name: string;
}

/**
 * Plays one seed after the other for `minutes`, in one process for each processor.
 * @throws Error with the report of the first failure
 */
export async function soakPlays(
  { minutes, seed, log }: SoakOptions,
  batch: Omit<PlayOptions, 'seed'>,
  player: Player,
  verdict: (runs: number) => string,
): Promise<void> {
  let end = Date.now() + minutes * 60_000;
  const seeds = seedsFrom(seed);
  let batches = 0;
  const work = async () => {
    const worker = fork(join(import.meta.dirname, 'play-worker.ts'));
    try {
      while (Date.now() < end) {
        const options = { ...batch, seed: seeds.next().value };
        const failed = await playIn(worker, { player, options });
        if (failed !== undefined) throw new Error(`seed ${options.seed}: ${failed}`);
        if (++batches % 10 === 0) log(verdict(batches * batch.runs));
      }
    } catch (error) {
      // Stops the other processes too.
      end = 0;
      throw error;
    } finally {
      worker.kill();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  log(verdict(batches * batch.runs));
}

function* seedsFrom(first: number): Generator<number, never> {
  for (let next = first; ; next++) yield next;
}

/** The message to a worker: what to play. */
export interface PlayOrder {
  player: Player;
  options: PlayOptions;
}

/** @throws Error if the process ends */
async function playIn(worker: ChildProcess, order: PlayOrder): Promise<string | undefined> {
  const ended = new AbortController();
  const answer = once(worker, 'message', { signal: ended.signal });
  const end = once(worker, 'exit', { signal: ended.signal });
  worker.send(order);
  try {
    const [report] = (await Promise.race([answer, end])) as [{ failed?: string } | number | null];
    if (report === null || typeof report === 'number') throw new Error('A process ended.');
    return report.failed;
  } finally {
    ended.abort();
    await Promise.allSettled([answer, end]);
  }
}
