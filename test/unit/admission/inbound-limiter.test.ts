import { describe, expect, it } from 'vitest';
import { inboundLimiter, weightOf } from '../../../src/admission/inbound-limiter.ts';
import { MAX_AHEAD_MS } from '../../../src/admission/policies.ts';
import { readSettings } from '../../../src/settings/settings.ts';

const { limits } = readSettings({ COMMANDS_PER_SECOND: '50', COMMAND_BURST: '200' }).settings;

describe('[ADM3] a socket', () => {
  it('[LIM2] may send twice what a user may do in a room: 400 commands at once, then 100 a second', () => {
    const limiter = inboundLimiter(limits, 0);
    for (let sent = 0; sent < 400; sent++) expect(limiter.take(0)).toBe(0);
    expect(limiter.take(0)).toBe(10);
    expect(limiter.take(10)).toBe(10);
    expect(limiter.take(30)).toBe(0);
  });

  it('may send no more at once after an idle hour than at the beginning', () => {
    const limiter = inboundLimiter(limits, 0);
    expect(limiter.take(3_600_000, 400)).toBe(0);
    expect(limiter.take(3_600_000, 100)).toBe(1_000);
  });

  it('loses nothing when the clock is set back', () => {
    const limiter = inboundLimiter(limits, 1_000);
    expect(limiter.take(500, 400)).toBe(0);
    expect(limiter.take(510)).toBe(0);
  });

  it('[LIM2] is ten seconds ahead after 1,400 commands at once', () => {
    const limiter = inboundLimiter(limits, 0);
    expect(limiter.take(0, 1_400)).toBe(MAX_AHEAD_MS);
    expect(limiter.take(0)).toBe(MAX_AHEAD_MS + 10);
    expect(limiter.take(20)).toBe(MAX_AHEAD_MS);
  });
});

it('[ADM3] [LIM3] a frame counts by its lines, or by how many messages its size could hold', () => {
  const frames = ['', 'ping', 'a\nb', 'a\nb\n', 'x'.repeat(8_191), 'x'.repeat(1024 * 1024)];
  const weights = frames.map((frame) => weightOf(frame, limits));
  expect(weights).toEqual([1, 1, 2, 3, 1, 128]);
  expect(frames.map((frame) => weightOf(Buffer.from(frame), limits))).toEqual(weights);
  expect([0, 81_920].map((bytes) => weightOf(new ArrayBuffer(bytes), limits))).toEqual([1, 10]);
});
