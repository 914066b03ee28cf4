import { withoutHidden } from './visible.ts';

/** Variation selectors: they choose between the picture of an emoji and its text form. */
const SELECTORS = /[\uFE0E\uFE0F]/g;

/** Where a picture needs its selector: after emoji that are text by default, and in keycaps. */
const TEXT_BY_DEFAULT =
  /(?!\p{Emoji_Presentation})(?=\p{Emoji})\p{ExtPict}(?!\p{EMod})|[#*0-9](?=\u20E3)/gu;

/**
 * The form in which a reaction is counted and shown, the same for all that look alike: Unicode form C,
 * without hidden characters, each emoji "fully-qualified" as emoji-test.txt of UTS #51 lists it.
 */
export function emojiKind(text: string): string {
  return withoutHidden(text).replaceAll(SELECTORS, '').replaceAll(TEXT_BY_DEFAULT, '$&\uFE0F');
}
