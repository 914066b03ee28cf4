import type { SoakOptions } from '../../scripts/soak.ts';
import { happening, play } from '../simulation/inbox/play.ts';
import { playAtRandom, type PlayOptions, soakPlays } from '../support/random-plays.ts';

/** Plays random histories of rooms and inboxes; the report of the first that fails, shrunk, or nothing. */
export function playInboxes(options: PlayOptions): string | undefined {
  return playAtRandom(happening, play, options);
}

/** Inboxes equal their rooms at rest, under faults, for as long as asked; stops at the first that fails. */
export async function soak(options: SoakOptions): Promise<void> {
  const batch = { runs: 1, shortest: 10_000, longest: 10_000 };
  const verdict = (runs: number) =>
    `${runs} histories of 10,000 operations, every inbox equal to its rooms`;
  await soakPlays(options, batch, { module: import.meta.url, name: 'playInboxes' }, verdict);
}
