import { describe, expect, it } from 'vitest';
import { Pacer } from '../../src/room/pacer.ts';

function paced(capMs = 50) {
  const clock = { ms: 1_000, now: () => clock.ms };
  return { clock, pacer: new Pacer(clock, capMs) };
}

describe('when what is due leaves', () => {
  it('is at once after quiet, however many listen', () => {
    const { clock, pacer } = paced();
    expect(pacer.delayMs(10_000)).toBe(0);
    pacer.flushed();
    clock.ms += 50;
    expect(pacer.delayMs(10_000)).toBe(0);
  });

  it('is later the more listen, to the cap', () => {
    const { clock, pacer } = paced();
    pacer.flushed();
    expect([20, 200, 10_000].map((listeners) => pacer.delayMs(listeners))).toEqual([1, 10, 50]);
    clock.ms += 4;
    expect([20, 200, 10_000].map((listeners) => pacer.delayMs(listeners))).toEqual([0, 6, 46]);
  });

  it('is later the dearer a flush has been, from its end on', () => {
    const { clock, pacer } = paced();
    pacer.flushed();
    clock.ms += 5;
    pacer.costed(5);
    expect(pacer.delayMs(2)).toBe(20);
    clock.ms += 100;
    expect(pacer.delayMs(2)).toBe(0);
    for (let flushes = 0; flushes < 20; flushes++) pacer.costed(0);
    expect(pacer.delayMs(2)).toBeLessThanOrEqual(1);
  });

  it('is at once when the clock has gone back, or nothing may be gathered', () => {
    const { clock, pacer } = paced();
    pacer.flushed();
    clock.ms -= 10;
    expect(pacer.delayMs(10_000)).toBe(0);
    expect(paced(0).pacer.delayMs(10_000)).toBe(0);
  });
});
