import { isAscii } from './fold.ts';

/**
 * The tokens that a folded text is found by: words, pairs and symbols. Scripts written without spaces
 * are cut into overlapping pairs, so that any piece of a sentence is found; Hangul, too, as its words
 * carry endings.
 */

const SCRIPTS =
  'Han Hiragana Katakana Bopomofo Hangul Thai Lao Khmer Myanmar Tai_Le New_Tai_Lue Tai_Tham Tai_Viet Javanese Balinese'.split(
    ' ',
  );
const PAIRED = `[[\\p{L}\\p{N}\\p{M}]&&[${SCRIPTS.map((script) => `\\p{scx=${script}}`).join('')}]]`;
const LETTER = `[[\\p{L}\\p{M}\\p{Co}]--${PAIRED}]`;
const LETTER_OR_DIGIT = `[[\\p{L}\\p{M}\\p{N}\\p{Co}]--${PAIRED}]`;
/** Two of these letters make a flag. */
const FLAG = String.raw`\p{RI}\p{RI}`;
const SYMBOL = String.raw`[[\p{ExtPict}\p{So}\p{Sc}\p{Sm}]--[\0-\x7f]]`;
/** As in C++ and C#; elsewhere these are punctuation. */
const SUFFIX = String.raw`(?<=[\p{L}\p{N}])[+#]+`;

/** A number begins a word of its own, so that `1.2` is found in `v1.2` and `15` in `iphone15`. */
const TOKENS = new RegExp(
  `(?<run>${PAIRED}+)|(?<word>${LETTER}+|\\p{N}${LETTER_OR_DIGIT}*)|${FLAG}|${SYMBOL}|${SUFFIX}`,
  'gv',
);

/** The same for ASCII, without scripts and symbols: faster, and enough for most messages. */
const ASCII_TOKENS = /[a-z]+|[0-9][a-z0-9]*|(?<=[a-z0-9])[+#]+/g;

/** A token and its place in the folded text, in UTF-16 units. */
export interface Token {
  text: string;
  from: number;
  to: number;
  kind: 'word' | 'symbol' | 'first' | 'pair' | 'last';
  /** In a run: the character that this token adds; each character of the run is added once. */
  character?: string;
}

/**
 * The tokens of a folded text in their order. A run of characters that are indexed in pairs gives its
 * first character, its pairs and its last character: the single ones connect it, in a phrase, to the
 * tokens before and after.
 */
export function tokensOf(folded: string): Token[] {
  const tokens: Token[] = [];
  if (isAscii(folded)) {
    for (const { 0: text, index: from } of folded.matchAll(ASCII_TOKENS)) {
      const kind = text.startsWith('+') || text.startsWith('#') ? 'symbol' : 'word';
      tokens.push({ text, from, to: from + text.length, kind });
    }
    return tokens;
  }
  for (const { 0: text, index: from, groups } of folded.matchAll(TOKENS)) {
    if (groups?.['run'] !== undefined) addRun(tokens, text, from);
    else {
      const kind = groups?.['word'] === undefined ? 'symbol' : 'word';
      tokens.push({ text, from, to: from + text.length, kind });
    }
  }
  return tokens;
}

function addRun(tokens: Token[], run: string, start: number): void {
  let before = '';
  let from = start;
  for (const character of run) {
    const to = from + character.length;
    const pair = { text: before + character, from: from - before.length, to, character };
    tokens.push({ ...pair, kind: before === '' ? 'first' : 'pair' });
    before = character;
    from = to;
  }
  if (before.length < run.length) {
    tokens.push({ text: before, from: from - before.length, to: from, kind: 'last' });
  }
}
