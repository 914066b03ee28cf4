import { foldWithOrigin } from './fold.ts';
import type { Term } from './query.ts';
import { type Token, tokensOf } from './tokens.ts';

/** A part of a text, in UTF-16 units. */
interface Range {
  from: number;
  to: number;
}

interface Hit extends Range {
  term: number;
}

/** The length of a snippet of a longer text, in UTF-16 units: some 24 words. */
const LENGTH = 140;
/** How much of that may come before the first hit. */
const LEAD = 40;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * A piece of `text` with each hit of `terms` between U+0002 and U+0003, and `…` where it is cut. Marks
 * and cuts never split a grapheme. The text's own U+0002 and U+0003 are left out.
 */
export function snippetOf(text: string, terms: readonly Term[]): string {
  const { folded, origin } = foldWithOrigin(text);
  const tokens = tokensOf(folded);
  const segments = graphemes.segment(text);
  const hits = hitsOf(tokens, terms).map(({ from, to, term }) => {
    return { ...widened(origin(from, to), segments), term };
  });
  if (text.length <= LENGTH) return marked(text, { from: 0, to: text.length }, hits);
  const places = tokens.map(({ from, to }) => origin(from, to));
  const cut = toTokens(windowOf(text.length, hits), places, text.length);
  return marked(text, widened(cut, segments), hits);
}

/** The range widened to whole graphemes at its ends. */
function widened({ from, to }: Range, segments: Intl.Segments): Range {
  const last = segments.containing(to - 1);
  return {
    from: segments.containing(from)?.index ?? from,
    to: last === undefined ? to : last.index + last.segment.length,
  };
}

/** The places of the terms among the tokens, in order. */
function hitsOf(tokens: readonly Token[], terms: readonly Term[]): Hit[] {
  return terms
    .flatMap((term, at) =>
      tokens.flatMap((_, index) => {
        const range =
          term.kind === 'character'
            ? characterAt(tokens, index, term)
            : rangeAt(tokens, index, term);
        return range === undefined ? [] : [{ ...range, term: at }];
      }),
    )
    .toSorted((a, b) => a.from - b.from || b.to - a.to);
}

function characterAt(tokens: readonly Token[], at: number, { tokens: [asked] }: Term) {
  const { character, to } = tokens[at]!;
  if (character === undefined || character !== asked) return undefined;
  return { from: to - character.length, to };
}

function rangeAt(tokens: readonly Token[], at: number, term: Term): Range | undefined {
  const last = at + term.tokens.length - 1;
  const isHere = term.tokens.every((asked, index) => {
    const text = tokens[at + index]?.text;
    return at + index === last && term.kind === 'beginning'
      ? text?.startsWith(asked)
      : text === asked;
  });
  return isHere ? { from: tokens[at]!.from, to: tokens[last]!.to } : undefined;
}

/** The part of a text with the most different terms; of several, the first. */
function windowOf(length: number, hits: readonly Hit[]): Range {
  let best = { from: 0, to: LENGTH, terms: 0 };
  for (const [at, { from, to }] of hits.entries()) {
    const begin = Math.max(0, Math.min(from - LEAD, length - LENGTH));
    const end = Math.max(to, begin + LENGTH);
    const terms = new Set<number>();
    for (let next = at; (hits[next]?.from ?? end) < end; next++) {
      if (hits[next]!.to <= end) terms.add(hits[next]!.term);
    }
    if (terms.size > best.terms) best = { from: begin, to: end, terms: terms.size };
  }
  return best;
}

/** The range narrowed to whole tokens at the ends where the text is cut. */
function toTokens({ from, to }: Range, tokens: readonly Range[], length: number): Range {
  const inside = tokens.filter((token) => token.from >= from && token.to <= to);
  return {
    from: from === 0 ? from : (inside[0]?.from ?? from),
    to: to === length ? to : (inside.at(-1)?.to ?? to),
  };
}

function marked(text: string, { from, to }: Range, hits: readonly Hit[]): string {
  let made = from > 0 ? '…' : '';
  let at = from;
  for (const hit of united(hits)) {
    if (hit.from < from || hit.to > to) continue;
    made += `${bare(text.slice(at, hit.from))}\u0002${bare(text.slice(hit.from, hit.to))}\u0003`;
    at = hit.to;
  }
  return `${made}${bare(text.slice(at, to))}${to < text.length ? '…' : ''}`;
}

/** Hits that overlap are one. */
function united(hits: readonly Hit[]): Range[] {
  const made: Range[] = [];
  for (const { from, to } of hits) {
    const last = made.at(-1);
    if (last !== undefined && from < last.to) last.to = Math.max(last.to, to);
    else made.push({ from, to });
  }
  return made;
}

function bare(text: string): string {
  return text.replaceAll('\u0002', '').replaceAll('\u0003', '');
}
