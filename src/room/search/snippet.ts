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
/** Only about so many hits of a text are looked at, the first ones: repetitive texts have far more. */
const MOST_HITS = 4_096;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * A piece of `text` with each hit of `terms` between U+0002 and U+0003, and `…` where it is cut. Marks
 * and cuts never split a grapheme. The text's own U+0002 and U+0003 are left out.
 */
export function snippetOf(text: string, terms: readonly Term[]): string {
  const { folded, origin } = foldWithOrigin(text);
  const tokens = tokensOf(folded);
  const segments = graphemes.segment(text);
  const hits = hitsOf(tokens, terms).map(({ from, to, term }) => ({ ...origin(from, to), term }));
  let cut = { from: 0, to: text.length };
  if (text.length > LENGTH) {
    const places = tokens.map(({ from, to }) => origin(from, to));
    cut = widened(toTokens(windowOf(text.length, hits), places, text.length), segments);
  }
  // Looking for graphemes is slow, so only hits that are shown are widened.
  const shown = united(hits.filter(({ from, to }) => from >= cut.from && to <= cut.to));
  return marked(text, cut, united(shown.map((hit) => widened(hit, segments))));
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
  const hits: Hit[] = [];
  for (let at = 0; at < tokens.length && hits.length < MOST_HITS; at++) {
    for (const [term, asked] of terms.entries()) {
      const find = asked.kind === 'character' ? characterAt : rangeAt;
      const range = find(tokens, at, asked);
      if (range !== undefined) hits.push({ ...range, term });
    }
  }
  return hits.toSorted((a, b) => a.from - b.from || b.to - a.to);
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
  /** The end of each term's first hit from the current one on. */
  const ends = new Map<number, number>();
  for (const hit of hits.toReversed()) {
    ends.set(hit.term, hit.to);
    const from = Math.max(0, Math.min(hit.from - LEAD, length - LENGTH));
    const to = Math.max(hit.to, from + LENGTH);
    const terms = [...ends.values()].filter((end) => end <= to).length;
    if (terms >= best.terms) best = { from, to, terms };
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

/** The part of the text from `from` to `to`, in which `hits` are marked. */
function marked(text: string, { from, to }: Range, hits: readonly Range[]): string {
  let made = from > 0 ? '…' : '';
  let at = from;
  for (const hit of hits) {
    made += `${bare(text.slice(at, hit.from))}\u0002${bare(text.slice(hit.from, hit.to))}\u0003`;
    at = hit.to;
  }
  return `${made}${bare(text.slice(at, to))}${to < text.length ? '…' : ''}`;
}

/** Hits that overlap are one. */
function united(hits: readonly Range[]): Range[] {
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
