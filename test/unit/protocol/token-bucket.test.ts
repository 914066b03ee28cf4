import { describe, expect, it } from 'vitest';
import { type Rate, TokenBucket } from '../../../src/protocol/token-bucket.ts';

const NOW = 1_700_000_000_000;

/** One call of `take`: milliseconds since the start, the cost, and the wait that it returns. */
type Step = [atMs: number, cost: number, waitMs: number];

const tenASecond: Rate = { perSecond: 10, burst: 3 };
const cases: [title: string, rate: Rate, steps: Step[]][] = [
  [
    'is full at first, and empty after its burst',
    tenASecond,
    [
      [0, 1, 0],
      [0, 2, 0],
      [0, 1, 100],
    ],
  ],
  [
    'refills at its rate',
    tenASecond,
    [
      [0, 3, 0],
      [99, 1, 1],
      [100, 1, 0],
      [300, 2, 0],
      [300, 1, 100],
    ],
  ],
  [
    'never holds more than its burst',
    tenASecond,
    [
      [0, 3, 0],
      [3_600_000, 3, 0],
      [3_600_000, 1, 100],
    ],
  ],
  [
    'takes nothing when it refuses',
    tenASecond,
    [
      [0, 2, 0],
      [0, 2, 100],
      [0, 1, 0],
    ],
  ],
  [
    'returns the wait for a cost above its burst',
    tenASecond,
    [
      [0, 5, 200],
      [3_600_000, 5, 200],
    ],
  ],
  [
    'rounds waits up',
    { perSecond: 3, burst: 1 },
    [
      [0, 1, 0],
      [0, 1, 334],
      [334, 1, 0],
    ],
  ],
  [
    'gains nothing when the clock is set back',
    tenASecond,
    [
      [0, 3, 0],
      [-3_600_000, 1, 100],
    ],
  ],
  [
    'demands no longer wait when the clock is set back',
    tenASecond,
    [
      [0, 3, 0],
      [-3_600_000, 1, 100],
      [-3_599_900, 1, 0],
    ],
  ],
  [
    'is overdrawn by waits that it accepts',
    { ...tenASecond, maxWaitMs: 200 },
    [
      [0, 3, 0],
      [0, 1, 100],
      [0, 1, 200],
      [0, 1, 300],
      [100, 1, 200],
    ],
  ],
  [
    'may be overdrawn without limit if every wait is accepted',
    { ...tenASecond, maxWaitMs: Infinity },
    [
      [0, 1_003, 100_000],
      [100_000, 1, 100],
      [100_100, 1, 100],
    ],
  ],
  [
    'allows a cost of 0 even when it is empty',
    tenASecond,
    [
      [0, 3, 0],
      [0, 0, 0],
    ],
  ],
];

describe('a token bucket', () => {
  it.each(cases)('%s', (_, rate, steps) => {
    const bucket = new TokenBucket(rate, NOW);
    const waits = steps.map(([atMs, cost]): Step => [atMs, cost, bucket.take(NOW + atMs, cost)]);
    expect(waits).toEqual(steps);
  });

  it('is full when nothing was taken and when it has refilled', () => {
    const bucket = new TokenBucket(tenASecond, NOW);
    expect(bucket.isFull(NOW)).toBe(true);
    bucket.take(NOW, 2);
    const times = [0, 199, 200, -3_600_000];
    expect(times.map((ms) => bucket.isFull(NOW + ms))).toEqual([false, false, true, false]);
  });
});
