import { describe, expect, it } from 'vitest';
import { playDeliveriesAtRandom } from '../../soak/deliveries.ts';

const fresh = Math.floor(Math.random() * 2 ** 31);

describe('what a room owes to targets outside it', () => {
  it.each([1, 2, 3, fresh])(
    'arrives, in its latest state, wherever the host ends or fails (seed %i)',
    (seed) => {
      expect(playDeliveriesAtRandom({ seed, runs: 100, longest: 80 })).toBeUndefined();
    },
  );
});
