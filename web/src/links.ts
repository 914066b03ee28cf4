/** A part of a text: from index `from` up to, but not including, `to`. */
export interface Span {
  from: number;
  to: number;
}

/**
 * An address, perhaps with punctuation after it. Takes the characters of ASCII that addresses may have;
 * beyond ASCII letters, numbers and symbols, but no punctuation: in Chinese, Japanese, Arabic or Hindi a
 * sentence goes on after an address without a space. Catalan `·` and Persian U+200C are part of words.
 */
const ADDRESS =
  /https?:\/\/(?:[!#-;=?-_a-~]|[·\u200C\u200D]|(?![\p{P}\p{Z}\p{C}\uFF00-\uFFEF])[^\0-\x7F]|[\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A\uFF66-\uFFDC])+/giu;

/** Characters that end a sentence or a quotation, and rarely an address. */
const TRAILING = ".,;:!?'*_~([{·\u200C\u200D";

const BRACKETS = new Map([
  [')', '('],
  [']', '['],
  ['}', '{'],
]);

/** The addresses in a text, without the punctuation of the sentence around them. */
export function linksIn(text: string): Span[] {
  return [...text.matchAll(ADDRESS)].flatMap(({ 0: found, index }) => {
    const shown = withoutTrailing(withinBrackets(found));
    return URL.canParse(shown) ? [{ from: index, to: index + shown.length }] : [];
  });
}

/** Cuts off a closing bracket that was opened before the address, as in `(see https://a.example)`. */
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

/** A loop, because a pattern anchored at the end takes quadratic time for a long run of dots. */
function withoutTrailing(address: string): string {
  let end = address.length;
  while (TRAILING.includes(address.charAt(end - 1))) end--;
  return address.slice(0, end);
}
