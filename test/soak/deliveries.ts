import type { SoakOptions } from '../../scripts/soak.ts';
import { deliveryStep, playDeliveries } from '../simulation/room/deliveries-play.ts';
import { playAtRandom, type PlayOptions, soakPlays } from '../support/random-plays.ts';

/** Plays random histories of deliveries; the report of the first that fails, shrunk, or nothing. */
export function playDeliveriesAtRandom(options: PlayOptions): string | undefined {
  return playAtRandom(deliveryStep, playDeliveries, options);
}

/** Deliveries under faults, for as long as asked; stops at the first that is lost. */
export async function soak(options: SoakOptions): Promise<void> {
  const batch = { runs: 100, longest: 300 };
  const verdict = (runs: number) => `${runs} histories of deliveries, none lost`;
  await soakPlays(
    options,
    batch,
    { module: import.meta.url, name: 'playDeliveriesAtRandom' },
    verdict,
  );
}
