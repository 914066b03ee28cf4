import { inOneLine, isVisible, withoutHidden } from './visible.ts';

/** The longest display name, in code points. */
export const NAME_LENGTH = 64;

/** The first `count` code points of `text`. */
export function firstCodePoints(text: string, count: number): string {
  return text.length <= count ? text : Array.from(text).slice(0, count).join('');
}

/**
 * A display name in the form in which it is shown, from whatever a sign-in service calls a person:
 * Unicode form C, in one line, without hidden characters, the first 64 code points as far as they
 * are whole graphemes. Undefined where nothing of it can be seen. Its own result stays as it is.
 */
export function displayName(text: string): string | undefined {
  if (!text.isWellFormed()) return undefined;
  const name = tidied(text);
  const cut = tidied(firstGraphemes(name, NAME_LENGTH));
  return isVisible(cut) ? cut : undefined;
}

/** In one line, without hidden characters. */
export function tidied(text: string): string {
  return inOneLine(withoutHidden(text));
}

/** The whole graphemes within the first `most` code points; a first one that is longer is cut. */
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
