import { describe, expect, it } from 'vitest';
import { trimReason } from '../../src/transports/native/trim-reason.ts';
import { closeAnswer } from '../../src/edge/close-answer.ts';

const GRIN = '\u{1F600}';

function bytes(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}

describe('a close of the client', () => {
  it.each([
    [1000, 1000, 'bye'],
    [1001, 1001, 'bye'],
    [1004, 1000, ''],
    [1005, 1000, ''],
    [1011, 1011, 'bye'],
    [1015, 1000, ''],
    [3000, 3000, 'bye'],
    [4000, 4000, 'bye'],
    [4999, 4999, 'bye'],
    [5000, 1000, ''],
    [999, 1000, ''],
    [0, 1000, ''],
  ])('with %i is answered with %i', (code, answer, reason) => {
    expect(closeAnswer(code, 'bye', true)).toEqual({ code: answer, reason });
  });

  it('that is invalid is not answered', () => {
    expect(closeAnswer(1006, '', true)).toBeUndefined();
    expect(closeAnswer(1006, '', false)).toBeUndefined();
    expect(closeAnswer(1000, 'bye', false)).toBeUndefined();
    expect(closeAnswer(4999, '', false)).toBeUndefined();
  });

  it('is answered with a code and a reason that a real socket can send', () => {
    for (const code of [1000, 1001, 1002, 1003, 1004, 1005, 1007, 1014, 1015, 3000, 4999, 5000]) {
      const { 0: client, 1: server } = new WebSocketPair();
      client.accept();
      server.accept();
      const answer = closeAnswer(code, 'x'.repeat(200), true)!;
      expect(() => server.close(answer.code, answer.reason)).not.toThrow();
    }
  });
});

describe('a reason', () => {
  it('of up to 123 bytes is kept', () => {
    expect(trimReason('')).toBe('');
    expect(trimReason('x'.repeat(123))).toBe('x'.repeat(123));
    expect(trimReason(GRIN.repeat(30))).toBe(GRIN.repeat(30));
  });

  it.each([
    ['x'.repeat(124), 'x'.repeat(123)],
    [GRIN.repeat(31), GRIN.repeat(30)],
    [`x${GRIN.repeat(31)}`, `x${GRIN.repeat(30)}`],
    [`xx${GRIN.repeat(31)}`, `xx${GRIN.repeat(30)}`],
    [`xxx${GRIN.repeat(31)}`, `xxx${GRIN.repeat(30)}`],
    ['\u00E9'.repeat(62), '\u00E9'.repeat(61)],
    ['\u4F60'.repeat(42), '\u4F60'.repeat(41)],
  ])('%s is cut between code points', (reason, cut) => {
    expect(trimReason(reason)).toBe(cut);
    expect(bytes(cut)).toBeLessThanOrEqual(123);
  });
});
