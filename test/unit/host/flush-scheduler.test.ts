import { describe, expect, it } from 'vitest';
import { FlushScheduler } from '../../../src/host/flush-scheduler.ts';

function paced(capMs = 50) {
  const clock = { ms: 1_000, now: () => clock.ms };
  return { clock, scheduler: new FlushScheduler(clock, capMs) };
}

/** `paced()` for a busy object, each of whose flushes has 20 pieces of work. */
function busy() {
  return { ...paced(), works: 20 };
}

describe('the delay before a flush', () => {
  it('is zero after a quiet time, however many listeners there are', () => {
    const { clock, scheduler } = paced();
    expect(scheduler.delayMs(10_000)).toBe(0);
    scheduler.flushed();
    clock.ms += 50;
    expect(scheduler.delayMs(10_000)).toBe(0);
  });

  it('grows with the number of listeners, up to the cap', () => {
    const { clock, scheduler } = paced();
    scheduler.flushed();
    expect([20, 600, 10_000].map((listeners) => scheduler.delayMs(listeners))).toEqual([1, 3, 50]);
    clock.ms += 2;
    expect([20, 600, 10_000].map((listeners) => scheduler.delayMs(listeners))).toEqual([0, 1, 48]);
  });

  it('is not zero while a flush is under way, however few listeners there are', () => {
    const { clock, scheduler } = paced();
    expect(scheduler.delayMs(0)).toBe(0);
    scheduler.flushes();
    clock.ms += 5;
    expect(scheduler.delayMs(0)).toBe(1);
    scheduler.flushed(5);
    clock.ms += 1;
    expect(scheduler.delayMs(0)).toBe(0);
  });

  it('is as long as the last flush took if the next was due before it ended', () => {
    const { clock, scheduler, works } = busy();
    scheduler.flushes();
    clock.ms += 5;
    expect(scheduler.delayMs(2)).toBe(1);
    scheduler.flushed(5, works);
    expect(scheduler.delayMs(2)).toBe(5);
    clock.ms += 3;
    expect(scheduler.delayMs(2)).toBe(2);
    clock.ms += 2;
    expect(scheduler.delayMs(2)).toBe(0);
  });

  it('is zero after an expensive flush if nothing was due for as long as it took', () => {
    const { clock, scheduler, works } = busy();
    for (let flushes = 0; flushes < 3; flushes++) {
      scheduler.flushes();
      clock.ms += 30;
      scheduler.flushed(30, works);
      clock.ms += 30;
      expect(scheduler.delayMs(2)).toBe(0);
      clock.ms -= 30;
    }
    clock.ms += 29;
    scheduler.flushes();
    scheduler.flushed(30, works);
    clock.ms += 29;
    expect(scheduler.delayMs(2)).toBe(1);
  });

  it('is zero again soon after one expensive flush', () => {
    const { clock, scheduler, works } = busy();
    scheduler.flushes();
    scheduler.flushed(100, works);
    const delays = Array.from({ length: 5 }, () => {
      clock.ms += 20;
      const delayMs = scheduler.delayMs(2);
      scheduler.flushed(0, works);
      return delayMs;
    });
    expect(delays).toEqual([30, 30, 5, 0, 0]);
  });

  it('is zero however expensive flushes are if each has little work', () => {
    const { clock, scheduler } = paced();
    const delays = Array.from({ length: 4 }, () => {
      const delayMs = scheduler.delayMs(2);
      scheduler.flushes();
      clock.ms += 5;
      scheduler.flushed(5);
      clock.ms += 1;
      return delayMs;
    });
    expect(delays).toEqual([0, 0, 0, 0]);
    // Up to 8 pieces of work are little.
    scheduler.flushes();
    clock.ms += 5;
    scheduler.flushed(5, 8);
    expect(scheduler.delayMs(0)).toBe(0);
    scheduler.flushes();
    clock.ms += 5;
    scheduler.flushed(5, 9);
    expect(scheduler.delayMs(0)).toBe(5);
  });

  it('is zero when the clock was set back, or when the cap is 0', () => {
    const { clock, scheduler } = paced();
    scheduler.flushed();
    clock.ms -= 10;
    expect(scheduler.delayMs(10_000)).toBe(0);
    expect(paced(0).scheduler.delayMs(10_000)).toBe(0);
  });
});
