/** A part of a text, from one index to before another. */
export interface Span {
  from: number;
  to: number;
}

/**
 * An address and what may follow it. All of ASCII but what never stands in an address; beyond it
 * letters, numbers and symbols, but no punctuation: in Chinese, Japanese, Arabic or Hindi a sentence
 * goes on after an address without a space. Catalan `·` and Persian U+200C stand within words.
 */
const ADDRESS =
  /https?:\/\/(?:[!#-;=?-_a-~]|[·\u200C\u200D]|(?![\p{P}\p{Z}\p{C}\uFF00-\uFFEF])[^\0-\x7F]|[\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A\uFF66-\uFFDC])+/giu;

/** What ends a sentence or a quotation, and seldom an address. */
const TRAILING = ".,;:!?'*_~([{·\u200C\u200D";

const BRACKETS = new Map([
  [')', '('],
  [']', '['],
  ['}', '{'],
]);

/** Where a text has addresses, without the punctuation of the sentence around them. */
export function linksIn(text: string): Span[] {
  return [...text.matchAll(ADDRESS)].flatMap(({ 0: found, index }) => {
    const shown = withoutTrailing(withinBrackets(found));
    return URL.canParse(shown) ? [{ from: index, to: index + shown.length }] : [];
  });
}

/** Up to a closing bracket that was opened before the address, as in `(see https://a.example)`. */
function withinBrackets(found: string): string {
  const open: string[] = [];
  for (let at = 0; at < found.length; at++) {
    const character = found.charAt(at);
    const opening = BRACKETS.get(character);
    if (opening === undefined) {
      if ('([{'.includes(character)) open.push(character);
    } else if (open.pop() !== opening) return found.slice(0, at);
  }
  return found;
}

/** By hand: a pattern that ends at the end takes the square of the time for dots without end. */
function withoutTrailing(address: string): string {
  let end = address.length;
  while (TRAILING.includes(address.charAt(end - 1))) end--;
  return address.slice(0, end);
}
