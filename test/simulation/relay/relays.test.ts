import { describe, expect, it } from 'vitest';
import { playRelays } from '../../soak/relays.ts';
import { play } from './play.ts';

const fresh = Math.floor(Math.random() * 2 ** 31);

describe('a room with relays in a simulated history', () => {
  it.each([1, 2, 3, fresh])(
    'loses, doubles and reorders nothing while room and relays are aborted (P1–P4, P6; seed %i)',
    (seed) => {
      expect(playRelays({ seed, runs: 60, longest: 150 })).toBeUndefined();
    },
  );

  it('counts a user as gone whose end wakes a sleeping relay', () => {
    const steps = [
      { do: 'open', device: 3 },
      { do: 'settle' },
      { do: 'sleepRelay', relay: 1 },
      { do: 'drop', device: 3 },
    ] as const;
    expect(() => play(steps)).not.toThrow();
  });
});
