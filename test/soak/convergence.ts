import type { SoakOptions } from '../../scripts/soak.ts';
import { step, play } from '../simulation/room/convergence-play.ts';
import { playAtRandom, type PlayOptions, soakPlays } from '../support/random-plays.ts';

/** Plays in random rooms; the report of the first that fails, shrunk, or nothing. */
export function converge(options: PlayOptions): string | undefined {
  return playAtRandom(step, play, options);
}

/**
 * Whoever listened, came back or reloaded holds the same room (P1, P7, P8, P9), for as long as asked;
 * stops at the first that does not.
 */
export async function soak(options: SoakOptions): Promise<void> {
  const verdict = (runs: number) => `${runs} rooms, all of one mind`;
  await soakPlays(
    options,
    { runs: 50, longest: 300 },
    { module: import.meta.url, name: 'converge' },
    verdict,
  );
}
