import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { onceAFrame } from '../../../web/src/once-a-frame.ts';

declare global {
  // Node has none of them.
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

// The page has rested from what the test before has drawn.
beforeEach(() => void vi.advanceTimersByTime(1_000));

afterAll(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Draws for so long, in milliseconds. @returns what asks for it, and when each drawing began */
function drawing(ms: number) {
  const began: number[] = [];
  const start = performance.now();
  const ask = onceAFrame(() => {
    began.push(performance.now() - start);
    vi.advanceTimersByTime(ms);
  }, new AbortController().signal);
  return { ask, began };
}

test('draws once in the next frame, however often it is asked', () => {
  const { ask, began } = drawing(0);
  ask();
  ask();
  vi.advanceTimersByTime(1_000);
  expect(began).toEqual([FRAME_MS]);
});

test.each([
  ['three times as long as it took', 20, 60],
  ['no longer than 100 ms', 500, 100],
])('rests %s after a drawing', (_, ms, restMs) => {
  const { ask, began } = drawing(ms);
  ask();
  vi.advanceTimersByTime(FRAME_MS);
  ask();
  vi.advanceTimersByTime(2_000);
  expect(began).toEqual([FRAME_MS, 2 * FRAME_MS + ms + restMs]);
});

test('rests before it draws what was asked for while it drew', () => {
  const again = drawing(0);
  const first = onceAFrame(() => {
    vi.advanceTimersByTime(20);
    again.ask();
  }, new AbortController().signal);
  first();
  vi.advanceTimersByTime(1_000);
  expect(again.began).toEqual([2 * FRAME_MS + 20 + 60]);
});
