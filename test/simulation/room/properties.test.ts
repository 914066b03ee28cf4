import { describe, expect, it } from 'vitest';
import { type Happening, play } from './simulation.ts';
import { playSimulations } from '../../soak/properties.ts';

const fresh = Math.floor(Math.random() * 2 ** 31);

describe('a room in a simulated history', () => {
  it.each([1, 2, 3, fresh])('keeps its guarantees (P1–P4, P6, P10; seed %i)', (seed) => {
    expect(playSimulations({ seed, runs: 60, longest: 120 })).toBeUndefined();
  });

  it('lists nobody for long whose grace period began before the clock was set back', () => {
    const history: Happening[] = [
      { do: 'open', device: 3, expires: true, asks: false },
      { do: 'pass', ms: 30_000 },
      // Ends the expired connection of device 3, so that a timer waits for its user.
      { do: 'open', device: 2, expires: false, asks: false },
      { do: 'pass', ms: 1 },
      { do: 'drop', device: 2, meant: false, told: true },
      { do: 'open', device: 0, expires: false, asks: false },
      { do: 'turnBack', ms: 5_000 },
    ];
    expect(() => play(history)).not.toThrow();
  });
});
