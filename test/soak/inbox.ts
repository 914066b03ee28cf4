import type { SoakOptions } from '../../scripts/soak.ts';
import { happening, play } from '../simulation/inbox/play.ts';
import { playAtRandom, type PlayOptions, soakPlays } from '../support/random-plays.ts';

/** Plays random steps with rooms and inboxes. @returns the report of the first failure, or undefined */
export function playInboxes(options: PlayOptions): string | undefined {
  return playAtRandom(happening, play, options);
}

/** Plays rooms and inboxes under faults for `minutes`. @throws if an inbox at rest differs from its rooms */
export async function soak(options: SoakOptions): Promise<void> {
  const batch = { runs: 1, shortest: 10_000, longest: 10_000 };
  const verdict = (runs: number) =>
    `${runs} histories of 10,000 operations, every inbox equal to its rooms`;
  await soakPlays(options, batch, { module: import.meta.url, name: 'playInboxes' }, verdict);
}
