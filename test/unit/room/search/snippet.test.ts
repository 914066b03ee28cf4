import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { fold } from '../../../../src/room/search/fold.ts';
import { readQuery } from '../../../../src/room/search/query.ts';
import { snippetOf } from '../../../../src/room/search/snippet.ts';
import { tokensOf } from '../../../../src/room/search/tokens.ts';
import { found } from '../../../support/search-cases.ts';
import { anyText } from './texts.ts';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

// oxlint-disable-next-line no-control-regex
const MARKS = /[\u0002\u0003]/u;

function snippet(text: string, query: string): string {
  return snippetOf(text, readQuery(query)).replaceAll('\u0002', '[').replaceAll('\u0003', ']');
}

function bare(text: string): string {
  return text.split(MARKS).join('');
}

/** The snippet for `asked` of a text of ASCII words, longer than a snippet: every part is looked at. */
function slowSnippet(text: string, asked: readonly string[]): string {
  const words = [...text.matchAll(/\S+/gu)].map(({ 0: word, index: from }) => {
    return { word, from, to: from + word.length, isHit: asked.includes(word) };
  });
  let best = { from: 0, to: 140, count: 0 };
  for (const [at, hit] of words.entries()) {
    if (!hit.isHit) continue;
    const from = Math.max(0, Math.min(hit.from - 40, text.length - 140));
    const to = Math.max(hit.to, from + 140);
    const held = words.slice(at).filter((other) => other.isHit && other.to <= to);
    const count = new Set(held.map(({ word }) => word)).size;
    if (count > best.count) best = { from, to, count };
  }
  const inside = words.filter(({ from, to }) => from >= best.from && to <= best.to);
  const shown = inside.map(({ word, isHit }) => (isHit ? `[${word}]` : word)).join(' ');
  const isBegin = inside[0] === words[0];
  const isEnd = inside.at(-1) === words.at(-1);
  return `${isBegin ? '' : '…'}${shown}${isEnd ? '' : '…'}`;
}

/** A query of some words of a text, as a user would type it. */
function queryFrom(text: string, at: number): string {
  const words = text.split(/[\s"“”„]+/u).filter((word) => tokensOf(fold(word)).length > 0);
  return words.length === 0 ? '' : words[at % words.length]!;
}

describe('a snippet', () => {
  it('[SRCH4] marks something in every result of a search', () => {
    for (const [query, text] of found) {
      expect(snippetOf(text, readQuery(query)), query).toContain('\u0002');
    }
  });

  it.each([
    ['会议 室', '在会议室开会', '在[会议][室]开会'],
    ['室', '在会议室开会', '在会议[室]开会'],
    ['タワー', '東京ﾀﾜｰで', '東京[ﾀﾜｰ]で'],
    ['abc', 'ＡＢＣ製品', '[ＡＢＣ]製品'],
    ['strasse', 'die Straße!', 'die [Straße]!'],
    ['தமிழ', 'தமிழ்', '[தமிழ்]'],
    ['शिव', 'शिवा', '[शिवा]'],
    ['👩', 'the 👨‍👩‍👧 family', 'the [👨‍👩‍👧] family'],
    ['1.2.3', 'in v1.2.3-beta', 'in v[1.2.3]-beta'],
    ['fox quick', 'The quick brown fox', 'The [quick] brown [fox]'],
    ['"quick brown"', 'quick, the quick brown fox', 'quick, the [quick brown] fox'],
    ['c++', 'c and C++', 'c and [C++]'],
    ['gamma', 'alpha\0beta gamma', 'alpha\0beta [gamma]'],
    ['z', 'x\u0002y\u0003 z', 'xy [z]'],
  ])('of the query %s in "%s" is "%s"', (query, text, marked) => {
    expect(snippet(text, query)).toBe(marked);
  });

  it('[SRCH4] of a long text is the first part with most of the words', () => {
    const filler = 'filler '.repeat(40);
    const text = `${filler}needle ${filler}the needle and its thread ${filler}`;
    const shown = snippet(text, 'thread needle');
    expect(shown).toContain('the [needle] and its [thread] filler');
    expect(shown).toMatch(/^…filler .* filler…$/u);
    expect(shown.length).toBeLessThan(160);
    expect(snippet('字'.repeat(1_000), '字字字').length).toBeLessThan(160);
  });

  it('[SRCH4] of any long text is the first part with most of the words', () => {
    const asked = ['red', 'green', 'blue', 'gold'];
    const query = asked.map((word) => `"${word}"`).join(' ');
    const words = fc.constantFrom(...asked, 'a', 'filler', 'nothing', 'x'.repeat(60));
    fc.assert(
      fc.property(fc.array(words, { minLength: 75, maxLength: 200 }), (said) => {
        const text = said.join(' ');
        expect(snippet(text, query)).toBe(slowSnippet(text, asked));
      }),
    );
  });

  it('of a text full of hits looks for letters only at the ends of what it shows', () => {
    const segments = Object.getPrototypeOf(graphemes.segment('')) as Intl.Segments;
    const containing = vi.spyOn(segments, 'containing');
    const phrases = Array.from({ length: 29 }, (_, at) => `"${'a '.repeat(at + 1).trim()}"`);
    const shown = snippet('a '.repeat(1_000), phrases.join(' '));
    const looks = containing.mock.calls.length;
    containing.mockRestore();
    expect(shown).toMatch(/^\[a [a ]+ a\]…$/u);
    expect(looks).toBeLessThan(20);
  });

  it('[SRCH4] without its marks is a piece of the text', () => {
    fc.assert(
      fc.property(anyText, fc.nat(), fc.nat(3), (part, at, times) => {
        const text = part.repeat(times + 1);
        const shown = snippetOf(text, readQuery(queryFrom(text, at)));
        const inner = shown.replace(/^…(?!$)/u, '');
        const isPiece = [shown, inner, inner.slice(0, -1), shown.slice(0, -1)].some((piece) =>
          bare(text).includes(bare(piece)),
        );
        expect(isPiece).toBe(true);
      }),
    );
  });

  it('marks whole letters', () => {
    fc.assert(
      fc.property(anyText, fc.nat(), (part, at) => {
        // Without mark characters and short, so that the snippet is the whole text.
        const text = bare(part).slice(0, 100).toWellFormed();
        const bounds = new Set([...graphemes.segment(text)].map(({ index }) => index));
        bounds.add(text.length);
        let length = 0;
        for (const piece of snippetOf(text, readQuery(queryFrom(text, at))).split(MARKS)) {
          expect(bounds).toContain(length);
          length += piece.length;
        }
        expect(length).toBe(text.length);
      }),
    );
  });
});
