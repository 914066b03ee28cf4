/**
 * Which characters draw something. Names, reactions and messages are read by people, so characters that
 * draw nothing must neither make up a whole text nor be the only difference between two.
 */

/** Characters that act as white space; `\s` alone leaves out NEL and the blank Braille cell. */
const SPACE = String.raw`\s\u0085\u2800`;

/** Characters that draw nothing: control characters, Unicode's own list, and a few it leaves out. */
const HIDDEN = String.raw`\p{Cc}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\uFFF9-\uFFFC\u{13430}-\u{13442}\u{16FE4}\u{1D159}`;

/** Signs that bind consonants (viramas and their like): a joiner next to one chooses its form. */
const VIRAMA = String.raw`\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D3B\u0D3C\u0D4D\u0DCA\u0F84\u1039\u103A\u17C9\u17CA\u17D2\u1B44\u1BAA\u1BAB\uA806\uA8C4\uA953\uA9C0\uAAF6\uABED`;

/** Letters of cursive scripts, which a zero-width non-joiner between two of them keeps apart. */
const CURSIVE = String.raw`(?=\p{L})[\p{scx=Arab}\p{scx=Syrc}\p{scx=Mong}\p{scx=Nkoo}\p{scx=Adlm}\p{scx=Rohg}]`;

/** Hidden characters that change how their neighbours look. */
const NEEDED = [
  // Emoji: a choice between picture and text, sequences, keycaps, flags of regions.
  String.raw`(?<=\p{ExtPict})[\uFE0E\uFE0F]`,
  String.raw`(?<=\p{ExtPict}[\uFE0F\p{EMod}]?)\u200D(?=\p{ExtPict})`,
  String.raw`(?<=[#*0-9])\uFE0F(?=\u20E3)`,
  String.raw`(?<=\u{1F3F4})[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{3,6}\u{E007F}`,
  // Scripts: joiners, with marks before them that form C may have moved there; variants of letters.
  `(?<=[${VIRAMA}]\\p{M}*)[\\u200C\\u200D]`,
  `(?<=${CURSIVE}\\p{M}*)\\u200C(?=${CURSIVE})`,
  String.raw`(?<=[\u1820-\u18A8\u18AA])[\u180B-\u180D\u180F]`,
  String.raw`(?<=\p{Script=Han})[\uFE00-\uFE02\u{E0100}-\u{E01EF}]`,
].join('|');

const needless = new RegExp(`(${NEEDED})|(?![\\t-\\r\\u0085])[${HIDDEN}]`, 'gu');
/** Matches a text that has something to see. */
export const VISIBLE = new RegExp(`[^${SPACE}${HIDDEN}]`, 'u');
/** White space to replace by one space: runs of it, tabs, line breaks and the blank Braille cell. */
const untidy = new RegExp(`[${SPACE}]{2,}|[\\t-\\r\\u0085\\u2028\\u2029\\u2800]`, 'gu');

/** Whether there is anything to see in `text`. */
export function isVisible(text: string): boolean {
  return VISIBLE.test(text);
}

/** `text` without the characters that neither draw anything nor change how others look; in form C. */
export function withoutHidden(text: string): string {
  return text.replaceAll(needless, '$1').normalize('NFC');
}

/** `text` in one line, with one space for each run of white space and none at its ends. */
export function collapseWhitespace(text: string): string {
  return text.replaceAll(untidy, ' ').trim();
}
