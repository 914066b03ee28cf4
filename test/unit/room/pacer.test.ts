import { describe, expect, it } from 'vitest';
import { FlushScheduler } from '../../../src/host/flush-scheduler.ts';

function paced(capMs = 50) {
  const clock = { ms: 1_000, now: () => clock.ms };
  return { clock, pacer: new FlushScheduler(clock, capMs) };
}

/** The same, where several things were due at once. */
function busy() {
  const { clock, pacer } = paced();
  for (let due = 0; due < 20; due++) pacer.delayMs(2);
  return { clock, pacer };
}

describe('the time of a flush', () => {
  it('is immediate after quiet, however many listen', () => {
    const { clock, pacer } = paced();
    expect(pacer.delayMs(10_000)).toBe(0);
    pacer.flushed();
    clock.ms += 50;
    expect(pacer.delayMs(10_000)).toBe(0);
  });

  it('is later the more listen, to the cap', () => {
    const { clock, pacer } = paced();
    pacer.flushed();
    expect([20, 600, 10_000].map((listeners) => pacer.delayMs(listeners))).toEqual([1, 3, 50]);
    clock.ms += 2;
    expect([20, 600, 10_000].map((listeners) => pacer.delayMs(listeners))).toEqual([0, 1, 48]);
  });

  it('is after the flush in progress, however few listen', () => {
    const { clock, pacer } = paced();
    expect(pacer.delayMs(0)).toBe(0);
    pacer.flushes();
    clock.ms += 5;
    expect(pacer.delayMs(0)).toBe(1);
    pacer.flushed(5);
    clock.ms += 1;
    expect(pacer.delayMs(0)).toBe(0);
  });

  it('is later the more expensive a flush was, if the next was due before it was over', () => {
    const { clock, pacer } = busy();
    pacer.flushes();
    clock.ms += 5;
    expect(pacer.delayMs(2)).toBe(1);
    pacer.flushed(5);
    expect(pacer.delayMs(2)).toBe(5);
    clock.ms += 3;
    expect(pacer.delayMs(2)).toBe(2);
    clock.ms += 2;
    expect(pacer.delayMs(2)).toBe(0);
  });

  it('is immediate, however expensive, if nothing was due for as long', () => {
    const { clock, pacer } = busy();
    for (let flushes = 0; flushes < 3; flushes++) {
      pacer.flushes();
      clock.ms += 30;
      pacer.flushed(30);
      clock.ms += 30;
      expect(pacer.delayMs(2)).toBe(0);
      clock.ms -= 30;
    }
    clock.ms += 29;
    pacer.flushes();
    pacer.flushed(30);
    clock.ms += 29;
    expect(pacer.delayMs(2)).toBe(1);
  });

  it('is soon immediate again after one expensive flush', () => {
    const { clock, pacer } = busy();
    pacer.flushes();
    pacer.flushed(100);
    const delays = Array.from({ length: 5 }, () => {
      clock.ms += 20;
      const delayMs = pacer.delayMs(2);
      pacer.flushed();
      return delayMs;
    });
    expect(delays).toEqual([30, 30, 5, 0, 0]);
  });

  it('is immediate, however expensive, if each flush answers a waiting client', () => {
    const { clock, pacer } = paced();
    const delays = Array.from({ length: 4 }, () => {
      const delayMs = pacer.delayMs(2);
      pacer.flushes();
      clock.ms += 5;
      pacer.flushed(5);
      clock.ms += 1;
      return delayMs;
    });
    expect(delays).toEqual([0, 0, 0, 0]);
    // One more has come before the first is let go, and from there on they are gathered.
    expect([pacer.delayMs(300), pacer.delayMs(300)]).toEqual([1, 1]);
    pacer.flushes();
    clock.ms += 5;
    pacer.flushed(5);
    expect(pacer.delayMs(2)).toBe(5);
  });

  it('is immediate when the clock has gone back, or batching is off', () => {
    const { clock, pacer } = paced();
    pacer.flushed();
    clock.ms -= 10;
    expect(pacer.delayMs(10_000)).toBe(0);
    expect(paced(0).pacer.delayMs(10_000)).toBe(0);
  });
});
