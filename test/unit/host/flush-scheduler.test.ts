import { describe, expect, it } from 'vitest';
import { FlushScheduler } from '../../../src/host/flush-scheduler.ts';

function paced(capMs = 50) {
  const clock = { ms: 1_000, now: () => clock.ms };
  return { clock, scheduler: new FlushScheduler(clock, capMs) };
}

/** The same, with the pieces of work that each flush in a busy object is for. */
function busy() {
  return { ...paced(), works: 20 };
}

describe('when what is due leaves', () => {
  it('is at once after quiet, however many listen', () => {
    const { clock, scheduler } = paced();
    expect(scheduler.delayMs(10_000)).toBe(0);
    scheduler.flushed();
    clock.ms += 50;
    expect(scheduler.delayMs(10_000)).toBe(0);
  });

  it('is later the more listen, to the cap', () => {
    const { clock, scheduler } = paced();
    scheduler.flushed();
    expect([20, 600, 10_000].map((listeners) => scheduler.delayMs(listeners))).toEqual([1, 3, 50]);
    clock.ms += 2;
    expect([20, 600, 10_000].map((listeners) => scheduler.delayMs(listeners))).toEqual([0, 1, 48]);
  });

  it('is behind what is on its way, however few listen', () => {
    const { clock, scheduler } = paced();
    expect(scheduler.delayMs(0)).toBe(0);
    scheduler.flushes();
    clock.ms += 5;
    expect(scheduler.delayMs(0)).toBe(1);
    scheduler.flushed(5);
    clock.ms += 1;
    expect(scheduler.delayMs(0)).toBe(0);
  });

  it('is later the dearer a flush has been, where the next was due before it was over', () => {
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

  it('is at once however dear, where nothing was due for as long', () => {
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

  it('is at once again soon behind one dear flush', () => {
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

  it('is at once however dear, where each flush is for one who waits for it', () => {
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
    // Nor where a flush is for a few.
    scheduler.flushes();
    clock.ms += 5;
    scheduler.flushed(5, 8);
    expect(scheduler.delayMs(0)).toBe(0);
    scheduler.flushes();
    clock.ms += 5;
    scheduler.flushed(5, 9);
    expect(scheduler.delayMs(0)).toBe(5);
  });

  it('is at once when the clock has gone back, or nothing may be gathered', () => {
    const { clock, scheduler } = paced();
    scheduler.flushed();
    clock.ms -= 10;
    expect(scheduler.delayMs(10_000)).toBe(0);
    expect(paced(0).scheduler.delayMs(10_000)).toBe(0);
  });
});
