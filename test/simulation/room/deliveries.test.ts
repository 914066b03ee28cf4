import { describe, expect, it } from 'vitest';
import { playDeliveriesAtRandom } from '../../soak/deliveries.ts';

const fresh = Math.floor(Math.random() * 2 ** 31);

describe("a room's deliveries", () => {
  it.each([1, 2, 3, fresh])(
    'arrive with the latest state, wherever the host crashes or fails (seed %i)',
    (seed) => {
      expect(playDeliveriesAtRandom({ seed, runs: 100, longest: 80 })).toBeUndefined();
    },
  );
});
