import { describe, expect, it } from 'vitest';
import { playInboxes } from '../../soak/inbox.ts';

const fresh = Math.floor(Math.random() * 2 ** 31);

describe('inboxes in a simulated history', () => {
  it.each([1, 2, 3, fresh])(
    '[INB7] equal their rooms at rest, and a rebuild changes nothing (seed %i)',
    (seed) => {
      expect(playInboxes({ seed, runs: 25, longest: 120 })).toBeUndefined();
    },
  );
});
