import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { onceAFrame } from '../../../web/src/once-a-frame.ts';

declare global {
  // Missing in Node's types.
  function requestAnimationFrame(draw: () => void): number;
  function cancelAnimationFrame(frame: number): void;
  function reportError(error: unknown): void;
}

const FRAME_MS = 16;

beforeAll(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  vi.stubGlobal('requestAnimationFrame', (draw: () => void) => setTimeout(draw, FRAME_MS));
  vi.stubGlobal('cancelAnimationFrame', clearTimeout);
});

// Ends the rest that the previous test's drawing began.
beforeEach(() => void vi.advanceTimersByTime(1_000));

afterAll(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A drawing that takes `ms` milliseconds. @returns a function that asks for it, and its start times */
function drawing(ms: number) {
  const began: number[] = [];
  const start = performance.now();
  const ask = onceAFrame(() => {
    began.push(performance.now() - start);
    vi.advanceTimersByTime(ms);
  }, new AbortController().signal);
  return { ask, began };
}

test('a drawing happens once in the next frame, however often it is asked for', () => {
  const { ask, began } = drawing(0);
  ask();
  ask();
  vi.advanceTimersByTime(1_000);
  expect(began).toEqual([FRAME_MS]);
});

test.each([
  ['three times as long as it took', 20, 60],
  ['no longer than 100 ms', 500, 100],
])('the rest after a drawing is %s', (_, ms, restMs) => {
  const { ask, began } = drawing(ms);
  ask();
  vi.advanceTimersByTime(FRAME_MS);
  ask();
  vi.advanceTimersByTime(2_000);
  expect(began).toEqual([FRAME_MS, 2 * FRAME_MS + ms + restMs]);
});

test('a drawing asked for during another happens after a rest', () => {
  const again = drawing(0);
  const first = onceAFrame(() => {
    vi.advanceTimersByTime(20);
    again.ask();
  }, new AbortController().signal);
  first();
  vi.advanceTimersByTime(1_000);
  expect(again.began).toEqual([2 * FRAME_MS + 20 + 60]);
});
