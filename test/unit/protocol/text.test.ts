import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayName, firstCodePoints } from '../../../src/protocol/display-name.ts';
import {
  exceedsBytes,
  nameOfId,
  utf8Bytes,
  wrongKnownUserId,
  wrongRoomId,
  wrongUserId,
  wrongUsername,
} from '../../../src/protocol/text.ts';

/** One code point, two UTF-16 units, four bytes of UTF-8. */
const GRIN = '\u{1F600}';

const CONTROL = 'must not contain control characters';
const SPACE = 'must not begin or end with a space';
const NORMAL = 'must be in Unicode normal form C';
const WELL_FORMED = 'must be well-formed Unicode';
const DOTS = 'must not be "." or ".."';
const BIDI = 'must not turn the direction of text around';
const NOTHING = 'must have something to see';
const ONE_LINE = 'must be one line, with single spaces';
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
    '\u5C71\u7530\u3000\u592A\u90CE',
    '\u2764\uFE0F Ann',
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
    ['\u3164', NOTHING],
    ['\u2800', NOTHING],
    ['\u200D\u200D', NOTHING],
    ['al\u00ADice', INVISIBLE],
    ['alice\u200D', INVISIBLE],
    ['A\uFE0F', INVISIBLE],
    ['Ann  Smith', ONE_LINE],
    ['Ann\u2028Smith', ONE_LINE],
  ])('cannot be %j: it %s', (text, why) => {
    expect(wrongUsername(text)).toBe(why);
  });
});

describe('the display name made of', () => {
  const england = '\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}';
  const family = '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}';

  it.each([
    ['Ann Smith ', 'Ann Smith'],
    ['e\u0301ric', '\u00E9ric'],
    ['e\u200B\u0301ric', '\u00E9ric'],
    ['Ann\r\nSmith', 'Ann Smith'],
    ['Ann\tSmith', 'Ann Smith'],
    ['Ann\u0085Smith', 'Ann Smith'],
    ['Ann\u2029Smith', 'Ann Smith'],
    ['Ann \u200B  Smith', 'Ann Smith'],
    ['\uFEFFAnn\uFEFF', 'Ann'],
    ['Ann\u2800', 'Ann'],
    ['An\u0000n\u001B', 'Ann'],
    ['\u202EAnn\u202C', 'Ann'],
    ['\u2067Ann\u2069', 'Ann'],
    // A variation selector is kept only after a letter, not after another selector.
    ['\u180B\u180B\u180BAnn', 'Ann'],
    ['\u180B\u200C\u1820', '\u1820'],
  ])('[NAME2] %j is normalised to %j', (text, name) => {
    expect(displayName(text)).toBe(name);
  });

  it.each([
    ...Array.from(
      '\u00AD\u034F\u061C\u115F\u17B4\u180E\u200B\u200C\u200D\u200E\u200F\u2060\u2061\u2064',
    ),
    ...Array.from(
      '\u206A\u3164\uFE00\uFE0E\uFE0F\uFEFF\uFFA0\uFFFC\u{1D159}\u{1D173}\u{E0001}\u{E0061}\u{E007F}\u{E0100}',
    ),
  ])('[NAME2] al%jice is the name without the hidden character', (hidden) => {
    expect(displayName(`al${hidden}ice`)).toBe('alice');
    expect(displayName(`alice${hidden}`)).toBe('alice');
  });

  it.each([
    ['an emoji of several people', family],
    ['a flag of a region', england],
    ['a flag of two pictures', '\u{1F3F3}\uFE0F\u200D\u{1F308}'],
    ['a sequence with a skin tone', '\u{1F575}\u{1F3FD}\u200D\u2642\uFE0F'],
    ['a heart as a picture', '\u2764\uFE0F'],
    ['a heart as text', '\u2764\uFE0E'],
    ['a keycap', '1\uFE0F\u20E3'],
    ['Persian', '\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645'],
    ['Hindi with a half form', '\u0915\u094D\u200D\u0937'],
    ['Hindi without a ligature', '\u0915\u094D\u200C\u0937'],
    ['Malayalam with a chillu at its end', '\u0D05\u0D35\u0D28\u0D4D\u200D'],
    ['Sinhala', '\u0DC1\u0DCA\u200D\u0DBB\u0DD3'],
    ['Japanese with a variant of a character', '\u845B\u{E0100}\u57CE'],
    ['Mongolian with a variant of a letter', '\u182D\u180B\u1820'],
    ['Korean letters alone', '\u314E\u314F'],
    ['Braille', '\u2801\u2803'],
    ['a mark alone', '\u0301'],
    ['an ideographic space', '\u5C71\u7530\u3000\u592A\u90CE'],
  ])('%s is that text itself', (_, name) => {
    expect(displayName(name)).toBe(name);
    expect(wrongUsername(name)).toBeUndefined();
  });

  it.each([
    '',
    ' ',
    '\n',
    '\u0000',
    '\u3164',
    '\u2800',
    '\u115F',
    '\u1160',
    '\uFFA0',
    '\u200D\u200D',
    '\uFE0F',
    '\u034F',
    '\u180B\u180E',
    '\u{E0041}\u{E0042}',
    '\u202E \u3164\u2800',
    '\uFFFC',
    'a\uD800',
    '\uDC00',
  ])('%j is undefined', (text) => {
    expect(displayName(text)).toBeUndefined();
  });

  it('[NAME2] more than 64 code points is cut after a whole grapheme', () => {
    expect(displayName('x'.repeat(70))).toBe('x'.repeat(64));
    expect(displayName(GRIN.repeat(70))).toBe(GRIN.repeat(64));
    expect(displayName(`${'x'.repeat(61)}${family}`)).toBe('x'.repeat(61));
    expect(displayName(`${'x'.repeat(59)}${family} and more`)).toBe(`${'x'.repeat(59)}${family}`);
    expect(displayName(`${'x'.repeat(63)} y`)).toBe('x'.repeat(63));
    expect(displayName(`x${'\u0323'.repeat(90)}`)).toBe(`x${'\u0323'.repeat(63)}`);
  });

  it('text after the first 1,024 code points is left out, hidden characters included', () => {
    expect(displayName(`${'\u200B'.repeat(1_023)}xyz`)).toBe('x');
    // Normalising so many marks would take hours.
    const marks = '\u0301\u0323'.repeat(1_000_000);
    expect(displayName(`x${marks}`)).toBe(displayName(`x${marks.slice(0, 1_023)}`));
  });

  it('any text is a valid name, and normalising it again changes nothing', () => {
    const odd = fc.constantFrom(
      ...Array.from(
        'ae\u0301 \n\u00A0\u200B\u200C\u200D\uFE0F\u2764\u{1F3FD}\u{1F3F4}\u{E0067}\u{E007F}',
      ),
      ...Array.from(
        '\u0645\u0915\u094D\u845B\u{E0100}\u182D\u180B\u202E\u28001\u20E3\u1100\u1161\u{1F600}',
      ),
    );
    const texts = fc.oneof(
      fc.string({ unit: odd, maxLength: 100 }),
      fc.string({ unit: 'binary', maxLength: 100 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const name = displayName(text);
        if (name === undefined) return;
        expect(displayName(name)).toBe(name);
        expect(wrongUsername(name)).toBeUndefined();
      }),
      { numRuns: 3_000 },
    );
  });

  it('a user id without a visible character is the id itself', () => {
    expect(nameOfId('u\u202E1 ')).toBe('u1');
    expect(nameOfId('\u3164')).toBe('\u3164');
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

  it.each(['.', '..'])('may be %j in an older room', (text) => {
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
