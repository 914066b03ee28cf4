import type { Span } from './links.ts';

const encoder = new TextEncoder();

/** Length in bytes of UTF-8, as a room counts a message. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/**
 * Splits a text into parts of at most `most` bytes each, as late as there is an empty line, else a
 * line break, a space, or any character.
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
    // A part that is nearly empty is no better than a word that is broken.
    if (found !== null && found.index > longest / 2) return found.index + found[0].length;
  }
  return longest;
}

/** The longest beginning that fits and ends between two characters, in UTF-16 units; at least one. */
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
