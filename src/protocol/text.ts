import { fixed } from './limits.ts';
import { FORBIDDEN_KEYS } from './shape.ts';

/**
 * What names may look like. Each function completes the sentence "<field> …" with what is wrong,
 * or says nothing.
 */

const CONTROL = /\p{Cc}/u;
/** Embeddings, overrides and isolates that could turn the text around a name. */
const BIDI = /[\u202A-\u202E\u2066-\u2069]/u;
/** Invisible characters; the joiners U+200C and U+200D are fine, scripts and emoji need them. */
const INVISIBLE = /[\u200B\u2060\uFEFF]/u;

/** Length in bytes of UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // A surrogate pair is two units and four bytes.
    if (unit > 0x7f) bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

/** Whether `text` has more than `most` bytes of UTF-8; short and long texts are not measured. */
export function exceedsBytes(text: string, most: number): boolean {
  if (text.length * 3 <= most) return false;
  return text.length > most || utf8Bytes(text) > most;
}

/** The first `count` code points of `text`. */
export function firstCodePoints(text: string, count: number): string {
  return text.length <= count ? text : Array.from(text).slice(0, count).join('');
}

function wrongLabel(text: string, most: number): string | undefined {
  if (!text.isWellFormed()) return 'must be well-formed Unicode';
  if (text === '') return 'must not be empty';
  if (text.length > most * 2 || Array.from(text).length > most) {
    return `must be at most ${most} characters`;
  }
  if (CONTROL.test(text)) return 'must not contain control characters';
  return undefined;
}

function wrongNormalLabel(text: string, most: number): string | undefined {
  const wrong = wrongLabel(text, most);
  if (wrong !== undefined) return wrong;
  if (text.trim() !== text) return 'must not begin or end with a space';
  if (text.normalize('NFC') !== text) return 'must be in Unicode normal form C';
  return undefined;
}

/** Room ids: 1–128 code points in NFC, a path segment of their own. */
export function wrongRoomId(text: string): string | undefined {
  return wrongNormalLabel(text, 128) ?? wrongSegment(text);
}

/** Dots alone are steps in a path, percent-encoded too, so no address could name these. */
function wrongSegment(text: string): string | undefined {
  return text === '.' || text === '..' ? 'must not be "." or ".."' : undefined;
}

/** Display names: 1–64 code points in NFC that cannot disguise themselves. */
export function wrongUsername(text: string): string | undefined {
  const wrong = wrongNormalLabel(text, 64);
  if (wrong !== undefined) return wrong;
  if (BIDI.test(text)) return 'must not turn the direction of text around';
  return INVISIBLE.test(text) ? 'must not contain invisible characters' : undefined;
}

/** Beginnings of names: 1–64 code points. */
export function wrongPrefix(text: string): string | undefined {
  return wrongLabel(text, 64);
}

/** Reactions: one short text, an emoji as a rule. */
export function wrongEmoji(text: string): string | undefined {
  const wrong = wrongLabel(text, fixed.reactionBytes);
  if (wrong !== undefined) return wrong;
  if (FORBIDDEN_KEYS.has(text)) return 'must be an emoji';
  if (/\s/u.test(text)) return 'must not contain spaces';
  return exceedsBytes(text, fixed.reactionBytes)
    ? `must be at most ${fixed.reactionBytes} bytes`
    : undefined;
}

/** Topics and notes: one line; empty is fine. */
export function wrongLine(text: string, most: number): string | undefined {
  return text === '' ? undefined : wrongLabel(text, most);
}

/** User ids: 1–128 code points, a path segment of their own. */
export function wrongUserId(text: string): string | undefined {
  return wrongKnownUserId(text) ?? wrongSegment(text);
}

/** User ids that a room may hold from before `.` and `..` were refused. */
export function wrongKnownUserId(text: string): string | undefined {
  return wrongLabel(text, 128);
}
