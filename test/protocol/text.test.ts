import { describe, expect, it } from 'vitest';
import {
  exceedsBytes,
  firstCodePoints,
  utf8Bytes,
  wrongKnownUserId,
  wrongRoomId,
  wrongUserId,
  wrongUsername,
} from '../../src/protocol/text.ts';

/** One code point, two UTF-16 units, four bytes of UTF-8. */
const GRIN = '\u{1F600}';

const CONTROL = 'must not contain control characters';
const SPACE = 'must not begin or end with a space';
const NORMAL = 'must be in Unicode normal form C';
const WELL_FORMED = 'must be well-formed Unicode';
const DOTS = 'must not be "." or ".."';
const BIDI = 'must not turn the direction of text around';
const INVISIBLE = 'must not contain invisible characters';

describe('a room id', () => {
  it.each([
    'general',
    'a',
    '...',
    '.a',
    'team/one',
    'a b',
    '%2F',
    '\u00E9t\u00E9',
    '\u4F60\u597D',
    'x'.repeat(128),
    GRIN.repeat(128),
    'family \u{1F468}\u200D\u{1F469}\u200D\u{1F467}',
  ])('may be %j', (text) => {
    expect(wrongRoomId(text)).toBeUndefined();
  });

  it.each([
    ['', 'must not be empty'],
    ['x'.repeat(129), 'must be at most 128 characters'],
    [GRIN.repeat(129), 'must be at most 128 characters'],
    ['a\u0000b', CONTROL],
    ['a\nb', CONTROL],
    ['a\u007Fb', CONTROL],
    ['a\u0085b', CONTROL],
    [' a', SPACE],
    ['a ', SPACE],
    ['a\u00A0', SPACE],
    ['\u3000a', SPACE],
    ['\uFEFFa', SPACE],
    ['e\u0301', NORMAL],
    ['\u212B', NORMAL],
    ['\uD800', WELL_FORMED],
    ['a\uDC00b', WELL_FORMED],
    ['.', DOTS],
    ['..', DOTS],
  ])('cannot be %j: it %s', (text, why) => {
    expect(wrongRoomId(text)).toBe(why);
  });
});

describe('a display name', () => {
  it.each([
    'alice',
    'Ana Mar\u00EDa',
    'x'.repeat(64),
    GRIN.repeat(64),
    '\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645',
    '\u{1F469}\u200D\u{1F4BB}',
    '.',
  ])('may be %j', (text) => {
    expect(wrongUsername(text)).toBeUndefined();
  });

  it.each([
    ['', 'must not be empty'],
    ['x'.repeat(65), 'must be at most 64 characters'],
    [GRIN.repeat(65), 'must be at most 64 characters'],
    ['al\u202Eice', BIDI],
    ['\u202Aalice', BIDI],
    ['alice\u2066', BIDI],
    ['ali\u2069ce', BIDI],
    ['al\u200Bice', INVISIBLE],
    ['al\u2060ice', INVISIBLE],
    ['al\uFEFFice', INVISIBLE],
    ['al\tice', CONTROL],
    [' alice', SPACE],
    ['e\u0301ric', NORMAL],
    ['\uDFFF', WELL_FORMED],
  ])('cannot be %j: it %s', (text, why) => {
    expect(wrongUsername(text)).toBe(why);
  });
});

describe('a user id', () => {
  it.each(['42', 'auth0|5f7c8ec7', ' spaced ', 'e\u0301', GRIN.repeat(128)])(
    'may be %j',
    (text) => {
      expect(wrongUserId(text)).toBeUndefined();
    },
  );

  it.each([
    ['', 'must not be empty'],
    ['x'.repeat(129), 'must be at most 128 characters'],
    ['a\u0000', CONTROL],
    ['\uD83D', WELL_FORMED],
    ['.', DOTS],
    ['..', DOTS],
  ])('cannot be %j: it %s', (text, why) => {
    expect(wrongUserId(text)).toBe(why);
  });

  it.each(['.', '..'])('may have been %j in a room from before', (text) => {
    expect(wrongKnownUserId(text)).toBeUndefined();
  });
});

describe('sizes', () => {
  it.each([
    ['', 0],
    ['a', 1],
    ['\u007F', 1],
    ['\u0080', 2],
    ['\u07FF', 2],
    ['\u0800', 3],
    ['\uFFFF', 3],
    [GRIN, 4],
    [`a\u00E9\u4F60${GRIN}`, 10],
  ])('of %j are %i bytes of UTF-8', (text, bytes) => {
    expect(utf8Bytes(text)).toBe(bytes);
    expect(new TextEncoder().encode(text).byteLength).toBe(bytes);
  });

  it.each([
    ['abc', 3, false],
    ['abcd', 3, true],
    ['\u4F60', 3, false],
    ['\u4F60', 2, true],
    [GRIN, 4, false],
    [GRIN, 3, true],
    ['', 0, false],
  ])('of %j are over %i bytes: %s', (text, most, isOver) => {
    expect(exceedsBytes(text, most)).toBe(isOver);
  });

  it('are cut between code points', () => {
    expect(firstCodePoints('abc', 2)).toBe('ab');
    expect(firstCodePoints('abc', 3)).toBe('abc');
    expect(firstCodePoints(GRIN.repeat(3), 2)).toBe(GRIN.repeat(2));
    expect(firstCodePoints(`a${GRIN}b`, 2)).toBe(`a${GRIN}`);
  });
});
