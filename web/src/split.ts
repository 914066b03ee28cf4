import type { Span } from './links.ts';

const encoder = new TextEncoder();

/** Length in bytes of UTF-8, as a room counts a message. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/**
 * Splits a text into parts of at most `most` bytes each: after the last empty line that fits, else after
 * the last line break, space or character.
 */
export function partsOf(text: string, most: number): Span[] {
  const parts: Span[] = [];
  let from = 0;
  while (from < text.length) {
    const to = from + endOfPart(text.slice(from), most);
    if (text.slice(from, to).trim() !== '') parts.push({ from, to });
    from = to;
  }
  return parts;
}

function endOfPart(text: string, most: number): number {
  const longest = longestFitting(text, most);
  if (longest === text.length) return longest;
  const fitting = text.slice(0, longest);
  for (const gap of [/\n\s*\n(?!.*\n\s*\n)/su, /\n(?!.*\n)/su, /\s(?!.*\s)/su]) {
    const found = gap.exec(fitting);
    // A part that is less than half full is worse than a broken word.
    if (found !== null && found.index > longest / 2) return found.index + found[0].length;
  }
  return longest;
}

/** Length in UTF-16 units of the longest beginning of whole characters that fits; at least one character. */
function longestFitting(text: string, most: number): number {
  let bytes = 0;
  let units = 0;
  for (const character of text) {
    bytes += bytesOf(character);
    if (bytes > most && units > 0) break;
    units += character.length;
  }
  return units;
}
