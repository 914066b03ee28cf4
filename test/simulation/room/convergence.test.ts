import { describe, expect, it } from 'vitest';
import { converge } from '../../soak/convergence.ts';
import { type Step, play } from './convergence-play.ts';

const fresh = Math.floor(Math.random() * 2 ** 31);

/** Steps that once failed, as they were shrunk. */
const regressions: [what: string, steps: Step[]][] = [
  [
    'answers once even if storage fails after the decision',
    [
      { do: 'open', copy: 0, asks: false },
      { do: 'send', copy: 0, id: 0, words: 0 },
      { do: 'failStorage', after: 7 },
      { do: 'set', copy: 0, readOnly: false, slow: true, private: false },
    ],
  ],
  [
    'sends the position to a user who leaves and joins within one frame',
    [
      { do: 'open', copy: 0, asks: false },
      { do: 'send', copy: 0, id: 0, words: 0 },
      { do: 'leave', copy: 0 },
      { do: 'open', copy: 5, asks: false },
      { do: 'send', copy: 5, id: 1, words: 0 },
      { do: 'join', copy: 0 },
    ],
  ],
  [
    'disconnects a user who came back while they were being erased from a private room',
    [
      { do: 'open', copy: 0, asks: false },
      { do: 'send', copy: 0, id: 0, words: 0 },
      { do: 'act', copy: 0, act: 1, user: 3, seconds: 1 },
      { do: 'erase', user: 3 },
      { do: 'set', copy: 0, readOnly: false, slow: false, private: true },
      { do: 'erase', user: 0 },
      { do: 'flush' },
      { do: 'open', copy: 0, asks: false },
      { do: 'erase', user: 0 },
      { do: 'erase', user: 0 },
    ],
  ],
  [
    'sends no waiting read receipt of a user who was erased',
    [
      { do: 'open', copy: 0, asks: false },
      { do: 'send', copy: 0, id: 0, words: 0 },
      { do: 'open', copy: 2, asks: false },
      { do: 'read', copy: 2, back: 0 },
      { do: 'erase', user: 2 },
      { do: 'flush' },
      { do: 'open', copy: 2, asks: false },
      { do: 'pass', ms: 1000 },
      { do: 'read', copy: 2, back: 0 },
      { do: 'pass', ms: 1000 },
      { do: 'flush' },
    ],
  ],
  [
    'sends no waiting read receipt of a user who was taken off the list',
    [
      { do: 'open', copy: 2, asks: false },
      { do: 'send', copy: 2, id: 0, words: 0 },
      { do: 'open', copy: 5, asks: false },
      { do: 'read', copy: 5, back: 0 },
      { do: 'role', copy: 2, user: 0, role: 0 },
      { do: 'pass', ms: 60_000 },
      { do: 'read', copy: 5, back: 0 },
    ],
  ],
  [
    "resets a user's read position for the moderator who takes them off the list",
    [
      { do: 'open', copy: 6, asks: false },
      { do: 'open', copy: 5, asks: false },
      { do: 'send', copy: 6, id: 0, words: 0 },
      { do: 'open', copy: 1, asks: false },
      { do: 'read', copy: 5, back: 0 },
      { do: 'pass', ms: 5_000 },
      { do: 'role', copy: 1, user: 0, role: 0 },
      { do: 'read', copy: 5, back: 0 },
    ],
  ],
];

describe('a room whose messages change', () => {
  it.each([1, 2, 3, fresh])(
    'is the same for every client that listened, resumed or reloaded (P1, P7–P9; seed %i)',
    (seed) => {
      expect(converge({ seed, runs: 40, longest: 120 })).toBeUndefined();
    },
  );

  it.each(regressions)('%s', (_, steps) => {
    expect(() => play(steps)).not.toThrow();
  });

  it('disconnects a user if and only if the ban is stored, wherever storage fails', () => {
    for (let after = 0; after < 40; after++) {
      const steps: Step[] = [
        { do: 'open', copy: 4, asks: false },
        { do: 'open', copy: 1, asks: false },
        { do: 'send', copy: 1, id: 0, words: 0 },
        { do: 'flush' },
        { do: 'failStorage', after },
        { do: 'act', copy: 4, act: 1, user: 1, seconds: 1 },
        { do: 'flush' },
      ];
      expect(() => play(steps), `after ${after}`).not.toThrow();
    }
  });
});
