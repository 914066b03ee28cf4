import type { SoakOptions } from '../../scripts/soak.ts';
import { happening, play } from '../simulation/room/simulation.ts';
import { playAtRandom, type PlayOptions, soakPlays } from '../support/random-plays.ts';

/** Plays random simulations; the report of the first that fails, shrunk, or nothing. */
export function playSimulations(options: PlayOptions): string | undefined {
  return playAtRandom(happening, play, options);
}

/** The properties of a room under faults, for as long as asked; stops at the first that fails. */
export async function soak(options: SoakOptions): Promise<void> {
  const batch = { runs: 100, longest: 400 };
  const verdict = (runs: number) => `${runs} simulations, no property broken`;
  await soakPlays(options, batch, { module: import.meta.url, name: 'playSimulations' }, verdict);
}
