import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fold, foldWithOrigin } from '../../../../src/room/search/fold.ts';
import { indexText } from '../../../../src/room/search/index-text.ts';
import { tokensOf } from '../../../../src/room/search/tokens.ts';
import { migrations } from '../../../../src/room/storage/migrations.ts';
import { anyText } from './texts.ts';

/** A sample of everything that folding treats specially; never changes. */
const SAMPLE = `Café Tromsø Straße Łódź Đà Nẵng İstanbul Οδός Ёжик ﬁle ＡＢＣ ﾕｰｻﾞｰ ㎏ ½ v1.2.3 a3f9
  C++ C# +1 e-mail don’t 会议室在東京タワー iPhone15を買った 𠮷野 학교에서 ㅋㅋ ห้องประชุม ភ្នំពេញ မြန်မာ
  שָׁלוֹם مُحَمَّد ـ کتاب यह दिन தமிழ் 🎉❤\uFE0F👍🏽👨‍👩‍👧🇩🇪 → € x\u00ADy\u200Bz \0\u0002 @_=*"'`;

describe('folding', () => {
  it('is idempotent', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(fold(fold(text))).toBe(fold(text));
      }),
    );
  });

  it('is the same for both normal forms and for both cases', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(fold(text.normalize('NFD'))).toBe(fold(text.normalize('NFC')));
        expect(fold(text.toLowerCase())).toBe(fold(text));
      }),
    );
  });

  it('is the same for a text and for its cached parts', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { folded, origin } = foldWithOrigin(text);
        expect(folded).toBe(fold(text));
        let [at, begin] = [0, 0];
        for (const character of folded) {
          const { from, to } = origin(at, at + character.length);
          expect(fold(text.slice(from, to))).toContain(character);
          expect(from).toBeGreaterThanOrEqual(begin);
          expect(to).toBeGreaterThan(from);
          begin = from;
          at += character.length;
        }
      }),
      // A Korean syllable whose letters are separated by a character that folding removes.
      { examples: [['\u1100\u0640\u1161']] },
    );
  });

  it('keeps at most 256 marks in a row, the same ones in a part of a text', () => {
    const marks = '\u0E48\u0E38'.repeat(200);
    const text = `first กข${marks} and e${marks}\u200D${marks}`;
    const { folded, origin } = foldWithOrigin(text);
    expect(folded).toHaveLength('first กข and e'.length + 2 * 256);
    expect(folded).toBe(fold(text));
    expect(origin(0, folded.length)).toEqual({ from: 0, to: text.length });
    expect(fold(folded)).toBe(folded);
  });

  it('keeps vowel signs and voicing marks, which tell words apart', () => {
    for (const text of ['दिन', 'தமிழ்', 'ที่', 'がぎぐ', 'ភ្នំ', 'މި']) {
      expect(fold(text.normalize('NFC'))).toBe(text.normalize('NFKD').normalize('NFC'));
    }
  });
});

describe('tokens', () => {
  it.each([
    ['gen-itgc后50条', 'gen itgc 后 50 条'],
    ['会议室', '会 会议 议室 室'],
    ['iPhone15を買った', 'iphone 15 を を買 買っ った た'],
    ['v1.2.3', 'v 1 2 3'],
    ['550e8400-e29b', '550e8400 e 29b'],
    ['C++ C# +1 #one', 'c ++ c # 1 one'],
    ['🎉🇩🇪❤\uFE0F', '🎉 🇩🇪 ❤'],
    ['!?… "', ''],
  ])('of %s are "%s"', (text, tokens) => {
    expect(
      tokensOf(fold(text))
        .map(({ text: token }) => token)
        .join(' '),
    ).toBe(tokens);
  });

  it('contain no character that the index splits at or that has a meaning in a query', () => {
    fc.assert(
      fc.property(anyText, fc.string(), (text, senderId) => {
        expect(indexText(text, senderId)).toMatch(/^[[^\0-\x7f][A-Za-z0-9@_+#= ]]*$/v);
      }),
    );
  });
});

it('folding still makes the tokens that stored rooms are indexed with', () => {
  // When this fails, stored tokens could no longer be removed: append a migration that empties the
  // index and sets `unindexed_to`, as the last one named here does, and then update both.
  const digest = createHash('sha256').update(indexText(SAMPLE, 'some user')).digest('hex');
  const migration = migrations.findLastIndex((statements) =>
    statements.some((step) => typeof step === 'string' && step.includes('unindexed_to = indexed')),
  );
  expect([migration, digest.slice(0, 16)]).toEqual([6, 'c31004f44748c83d']);
});
