import type { SoakOptions } from '../../scripts/soak.ts';
import { step, play } from '../simulation/room/convergence-play.ts';
import { playAtRandom, type PlayOptions, soakPlays } from '../support/random-plays.ts';

/** Plays random steps in rooms. @returns the shrunk report of the first failure, or undefined */
export function converge(options: PlayOptions): string | undefined {
  return playAtRandom(step, play, options);
}

/**
 * Plays for `minutes`: clients that listened, resumed or reloaded must have the same room (P1, P7, P8,
 * P9). @throws at the first failure
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
