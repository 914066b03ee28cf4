/**
 * Folding makes texts equal that readers take for the same: it drops differences in case, width,
 * accents and points, ligatures and skin tones, and everything invisible. Indexed texts and queries go
 * through the same function. Its results are stored in the index: a change of what it returns needs a
 * migration that indexes rooms again, and a test says so.
 */

/**
 * Characters that folding drops. Vowel signs of Indic and other scripts stay: without them it is
 * another word.
 */
const IGNORED =
  /[[\p{M}&&[\p{sc=Inherited}\p{sc=Cyrillic}\p{sc=Hebrew}\p{sc=Arabic}\p{sc=Syriac}]]--[\u3099\u309A]]|[\p{Cf}\p{EMod}\u0640]/gv;

/**
 * More marks in a row than anybody writes; folding drops those after the first 256, as normalising them
 * takes the square of their number.
 */
const TOO_MANY_MARKS = /(?<kept>[\p{M}\p{Cf}\p{EMod}\u0640]{256})[\p{M}\p{Cf}\p{EMod}\u0640]+/gu;

/** Letters that Unicode does not decompose, though people write them without their stroke. */
const SPELLED: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ŧ: 't',
  ı: 'i',
  ς: 'σ',
  // The same letters on Persian and on Arabic keyboards.
  ی: 'ي',
  ى: 'ي',
  ک: 'ك',
};
const SPELLED_LETTERS = new RegExp(`[${Object.keys(SPELLED).join('')}]`, 'gu');

// oxlint-disable-next-line no-control-regex
const ASCII = /^[\0-\x7f]*$/;

/** Whether a text is ASCII, as most are; for these there are faster ways. */
export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

/** Characters that compose with the one before them, in some width, or that folding drops. */
const JOINING = String.raw`[\p{M}\p{Cf}\p{EMod}\u0640\u1160-\u11FF\u3131-\u318E\uD7B0-\uD7FF\uFF9E-\uFFDC]`;
/** The smallest pieces of a text that can be folded alone; ASCII folds character by character. */
const PIECES = new RegExp(`[\\0-\\x7f]+(?!${JOINING})|[^]${JOINING}*`, 'gu');

/** `text` without the differences that a search ignores. */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text
    .replace(TOO_MANY_MARKS, '$<kept>')
    .normalize('NFKD')
    .toLowerCase()
    .replace(SPELLED_LETTERS, (letter) => SPELLED[letter] ?? letter)
    .replace(IGNORED, '')
    .normalize('NFC');
}

/** A folded text, and where each of its UTF-16 units comes from. */
export interface FoldedText {
  folded: string;
  /** The part of the original that a part of `folded` stands for. */
  origin: (from: number, to: number) => { from: number; to: number };
}

/** Folds `text`, and maps each part of the result to its part of `text`. */
export function foldWithOrigin(text: string): FoldedText {
  const folded = fold(text);
  // Lower case of the same length: every unit kept its place.
  if (folded.length === text.length && folded === text.toLowerCase()) {
    return { folded, origin: (from, to) => ({ from, to }) };
  }
  const begins: number[] = [];
  const ends: number[] = [];
  for (const { 0: piece, index } of text.matchAll(PIECES)) {
    const length = ASCII.test(piece) ? piece.length : fold(piece).length;
    const isPlain = length === piece.length && ASCII.test(piece);
    for (let at = 0; at < length; at++) {
      begins.push(isPlain ? index + at : index);
      ends.push(isPlain ? index + at + 1 : index + piece.length);
    }
  }
  return {
    folded,
    origin: (from, to) => ({ from: begins[from] ?? 0, to: ends[to - 1] ?? text.length }),
  };
}
