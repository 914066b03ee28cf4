import { collapseWhitespace, isVisible, withoutHidden } from './visible.ts';

/** The longest display name, in code points. */
export const NAME_LENGTH = 64;

/** How much of a text is read for a display name, in code points: of most, all. */
const READ_LENGTH = 1_024;

/** The first `count` code points of `text`. */
export function firstCodePoints(text: string, count: number): string {
  return text.length <= count ? text : Array.from(text).slice(0, count).join('');
}

/**
 * Turns the name that a sign-in service gives into the form that is shown: Unicode form C, one line,
 * without hidden characters, cut to the whole graphemes within 64 code points. Undefined where nothing
 * visible is left. Idempotent.
 */
export function displayName(text: string): string | undefined {
  if (!text.isWellFormed()) return undefined;
  const name = cleanLine(firstCodePoints(text, READ_LENGTH));
  const cut = cleanLine(firstGraphemes(name, NAME_LENGTH));
  return isVisible(cut) ? cut : undefined;
}

/** `text` in one line, without hidden characters. */
export function cleanLine(text: string): string {
  return collapseWhitespace(withoutHidden(text));
}

/** The whole graphemes within the first `most` code points; if the first alone is longer, it is cut. */
function firstGraphemes(text: string, most: number): string {
  if (text.length <= most) return text;
  let end = 0;
  let count = 0;
  for (const { segment, index } of new Intl.Segmenter().segment(text)) {
    count += Array.from(segment).length;
    if (count > most) break;
    end = index + segment.length;
  }
  return end === 0 ? firstCodePoints(text, most) : text.slice(0, end);
}
