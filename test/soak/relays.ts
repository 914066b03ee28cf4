import type { SoakOptions } from '../../scripts/soak.ts';
import { play, step } from '../simulation/relay/play.ts';
import { playAtRandom, type PlayOptions, soakPlays } from '../support/random-plays.ts';

/** Plays generated histories of a room with relays; the report of the first that fails, or nothing. */
export function playRelays(options: PlayOptions): string | undefined {
  return playAtRandom(step, play, options);
}

/** Aborts a room and its relays in generated histories, for as long as asked. */
export function soak(options: SoakOptions): Promise<void> {
  const batch = { runs: 200, longest: 200 };
  return soakPlays(
    options,
    batch,
    playRelays,
    (runs) => `${runs} histories: nothing lost or doubled`,
  );
}
