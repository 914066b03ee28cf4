import { describe, expect, it } from 'vitest';
import { type Backlog, backpressure } from '../../../src/room/broadcast/backpressure.ts';
import { readSettings } from '../../../src/settings/settings.ts';

const { limits } = readSettings({ MAX_UNSENT_BYTES: '1000000' }).settings;

describe('a connection', () => {
  const reports: [Partial<Backlog>, string][] = [
    [{ buffered: 0 }, 'keepsUp'],
    [{ buffered: 500_000 }, 'keepsUp'],
    [{ buffered: 500_001 }, 'slow'],
    [{ buffered: 1_000_000 }, 'slow'],
    [{ buffered: 1_000_001 }, 'tooSlow'],
    // Where the host knows the buffered bytes, the time since the last frame does not count.
    [{ buffered: 0, sentSinceSign: 1e12, signAgoMs: 1e12 }, 'keepsUp'],
  ];

  it.each(reports)('whose host reports %j is %s', (backlog, verdict) => {
    const whole = { buffered: undefined, sentSinceSign: 0, signAgoMs: 0, ...backlog };
    expect(backpressure(whole, limits)).toBe(verdict);
  });

  it.each([
    [0, 0, 'keepsUp'],
    [1_000_000, 1e12, 'keepsUp'],
    [1_000_001, 0, 'keepsUp'],
    [1_000_001, 26_000, 'keepsUp'],
    [1_000_001, 26_001, 'slow'],
    [1_000_001, 30_000, 'slow'],
    [1_000_001, 30_001, 'tooSlow'],
    [0, 30_001, 'keepsUp'],
    // A clock that was set back makes no connection too slow.
    [1_000_001, -3_600_000, 'keepsUp'],
  ])('sent %i bytes since its last frame %i ms ago is %s', (sentSinceSign, signAgoMs, verdict) => {
    expect(backpressure({ buffered: undefined, sentSinceSign, signAgoMs }, limits)).toBe(verdict);
  });
});
