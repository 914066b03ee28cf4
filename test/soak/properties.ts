import type { SoakOptions } from '../../scripts/soak.ts';
import { happening, play } from '../simulation/room/simulation.ts';
import { playAtRandom, type PlayOptions, soakPlays } from '../support/random-plays.ts';

/** Plays random simulations. @returns the shrunk report of the first failure, or undefined */
export function playSimulations(options: PlayOptions): string | undefined {
  return playAtRandom(happening, play, options);
}

/** Plays simulations of a room under faults for `minutes`. @throws at the first broken property */
export async function soak(options: SoakOptions): Promise<void> {
  const batch = { runs: 100, longest: 400 };
  const verdict = (runs: number) => `${runs} simulations, no property broken`;
  await soakPlays(options, batch, { module: import.meta.url, name: 'playSimulations' }, verdict);
}
