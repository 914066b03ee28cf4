import { describe, expect, it } from 'vitest';
import { playSimulations } from '../../soak/properties.ts';

const fresh = Math.floor(Math.random() * 2 ** 31);

describe('a room in a simulated history', () => {
  it.each([1, 2, 3, fresh])('keeps its guarantees (P1–P4, P6, P10; seed %i)', (seed) => {
    expect(playSimulations({ seed, runs: 60, longest: 120 })).toBeUndefined();
  });
});
