import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPayload } from '../../../src/protocol/payloads.ts';
import { emojiKind } from '../../../src/protocol/emoji.ts';
import { wrongEmoji } from '../../../src/protocol/text.ts';

/** The same emoji without U+FE0F and with it, where emoji-test.txt calls it fully-qualified. */
const pairs: [bare: string, qualified: string][] = [
  ['\u2764', '\u2764\uFE0F'],
  ['\u263A', '\u263A\uFE0F'],
  ['\u{1F441}\u200D\u{1F5E8}', '\u{1F441}\uFE0F\u200D\u{1F5E8}\uFE0F'],
  ['\u{1F3F3}\u200D\u{1F308}', '\u{1F3F3}\uFE0F\u200D\u{1F308}'],
  ['\u{1F9D1}\u200D\u2695', '\u{1F9D1}\u200D\u2695\uFE0F'],
  ['1\u20E3', '1\uFE0F\u20E3'],
];

describe('the kind of a reaction', () => {
  it.each(pairs)('[REACT1] of %j is the same as of %j', (bare, qualified) => {
    expect(emojiKind(bare)).toBe(qualified);
    expect(emojiKind(qualified)).toBe(qualified);
    expect(emojiKind(`${bare}\uFE0E`)).toBe(qualified);
  });

  it.each([
    ['\u{1F44D}\uFE0F', '\u{1F44D}'],
    ['\u{1F44D}\uFE0F\u{1F3FD}', '\u{1F44D}\u{1F3FD}'],
    ['\u270C\uFE0F\u{1F3FD}', '\u270C\u{1F3FD}'],
    ['e\u0301', '\u00E9'],
    ['o\u200Bk', 'ok'],
    ['\u202Eok', 'ok'],
    ['ok\u200D', 'ok'],
  ])('of %j is %j', (text, kind) => {
    expect(emojiKind(text)).toBe(kind);
  });

  it.each([
    '+1',
    ':heart:',
    '1',
    '\u{1F44D}',
    '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}',
    '\u{1F1E9}\u{1F1EA}',
  ])('of %j is that text itself', (text) => {
    expect(emojiKind(text)).toBe(text);
  });

  it('has itself as its kind', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 12 });
    fc.assert(
      fc.property(texts, (text) => {
        const kind = emojiKind(text);
        expect(emojiKind(kind)).toBe(kind);
      }),
    );
  });

  it('is passed to handlers', () => {
    const payload = { seq: 1, emoji: '\u2764' };
    expect(readPayload('addReaction', payload).emoji).toBe('\u2764\uFE0F');
    expect(readPayload('removeReaction', payload).emoji).toBe('\u2764\uFE0F');
  });
});

describe('a reaction', () => {
  it.each([
    ['\uFE0F', 'must have something to see'],
    ['\u200D', 'must have something to see'],
    ['\u3164', 'must have something to see'],
    ['\u2800', 'must have something to see'],
    ['\u{E0041}', 'must have something to see'],
    ['__proto\u200B__', 'must be an emoji'],
    ['a b', 'must not contain spaces'],
    ['\u8A9E'.repeat(22), 'must be at most 64 bytes'],
    // Each is three bytes longer in its fully-qualified form, which is counted.
    ['\u2764'.repeat(11), 'must be at most 64 bytes'],
  ])('cannot be %j: it %s', (text, why) => {
    expect(wrongEmoji(text)).toBe(why);
  });
});
