import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { delayRefusal, delayRefusalOf } from '../../../src/admission/delay-refusal.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Whether an answer is sent within `afterMs` milliseconds. */
async function isSent(answer: Promise<void>, afterMs: number): Promise<boolean> {
  let isDone = false;
  void answer.then(() => (isDone = true));
  await vi.advanceTimersByTimeAsync(afterMs);
  return isDone;
}

describe('[ADM10] a refusal', () => {
  it('[LIM7] with status 429 is delayed by a quarter to half a second', async () => {
    expect(await isSent(delayRefusal(429), 249)).toBe(false);
    expect(await isSent(delayRefusal(429), 500)).toBe(true);
  });

  it('over a socket is delayed if its code has that status', async () => {
    for (const code of ['rate_limited', 'too_many_connections'] as const) {
      expect([code, await isSent(delayRefusalOf(code), 249)]).toEqual([code, false]);
    }
    expect(await isSent(delayRefusalOf('forbidden'), 0)).toBe(true);
  });

  it('with another status is not delayed', async () => {
    for (const status of [200, 401, 403, 404, 503]) {
      expect([status, await isSent(delayRefusal(status), 0)]).toEqual([status, true]);
    }
  });
});
