import { describe, expect, it } from 'vitest';
import { isLongerThan } from '../../../src/socketio-server/byte-length.ts';
import { isSid, newSid } from '../../../src/socketio-server/sid.ts';
import { isTooSlow } from '../../../src/socketio-server/slow-reader.ts';

describe('a length limit', () => {
  it('counts text as UTF-8', () => {
    expect(isLongerThan(4, 'abcd')).toBe(false);
    expect(isLongerThan(4, 'abcde')).toBe(true);
    expect(isLongerThan(4, 'éé')).toBe(false);
    expect(isLongerThan(3, 'éé')).toBe(true);
    expect(isLongerThan(4, '😀')).toBe(false);
    expect(isLongerThan(3, '😀')).toBe(true);
  });

  it('counts bytes', () => {
    expect(isLongerThan(4, new ArrayBuffer(4))).toBe(false);
    expect(isLongerThan(4, new Uint8Array(5))).toBe(true);
  });
});

describe('a session id', () => {
  it('is 128 random bits in characters that a URL may have', () => {
    const sid = newSid((bytes) => bytes.fill(255));
    expect(sid).toBe('_____________________w');
    expect(isSid(sid)).toBe(true);
    expect(isSid(newSid((bytes) => crypto.getRandomValues(bytes)))).toBe(true);
  });

  it('is valid in no other form', () => {
    expect(isSid('')).toBe(false);
    expect(isSid('_____________________w\n')).toBe(false);
    expect(isSid('____________________/w')).toBe(false);
  });
});

describe('a slow reader', () => {
  const limits = { maxBufferedBytes: 1_000, slowReaderMs: 30_000 };

  it('is detected by its unsent bytes, where the runtime reports them', () => {
    const state = { sentSinceFrameBytes: 9_999, silentMs: 99_999 };
    expect(isTooSlow({ ...state, bufferedBytes: 1_000 }, limits)).toBe(false);
    expect(isTooSlow({ ...state, bufferedBytes: 1_001 }, limits)).toBe(true);
  });

  it('is otherwise detected by silence after many bytes were sent', () => {
    const state = { bufferedBytes: undefined };
    expect(isTooSlow({ ...state, sentSinceFrameBytes: 1_001, silentMs: 30_001 }, limits)).toBe(
      true,
    );
    expect(isTooSlow({ ...state, sentSinceFrameBytes: 1_000, silentMs: 30_001 }, limits)).toBe(
      false,
    );
    expect(isTooSlow({ ...state, sentSinceFrameBytes: 1_001, silentMs: 30_000 }, limits)).toBe(
      false,
    );
  });
});
