import type { SoakOptions } from '../../scripts/soak.ts';
import { deliveryStep, playDeliveries } from '../simulation/room/deliveries-play.ts';
import { playAtRandom, type PlayOptions, soakPlays } from '../support/random-plays.ts';

/** Plays random steps with deliveries. @returns the shrunk report of the first failure, or undefined */
export function playDeliveriesAtRandom(options: PlayOptions): string | undefined {
  return playAtRandom(deliveryStep, playDeliveries, options);
}

/** Plays deliveries under faults for `minutes`. @throws at the first one that is lost */
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
