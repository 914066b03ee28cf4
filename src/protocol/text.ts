import { displayName, firstCodePoints, NAME_LENGTH, cleanLine } from './display-name.ts';
import { emojiKind } from './emoji.ts';
import { fixed } from './codes/limits.ts';
import { FORBIDDEN_KEYS } from './shape.ts';
import { isVisible, withoutHidden } from './visible.ts';

/**
 * What names may look like. Each function completes the sentence "<field> …" with what is wrong, or
 * returns undefined.
 */

const CONTROL = /\p{Cc}/u;
/** Embeddings, overrides and isolates that could reverse the text around a name. */
const BIDI = /[\u202A-\u202E\u2066-\u2069]/u;
/** Bytes in hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

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

/**
 * Whether `text` has more than `most` bytes of UTF-8; it is measured only where its length
 * does not decide.
 */
export function exceedsBytes(text: string, most: number): boolean {
  if (text.length * 3 <= most) return false;
  return text.length > most || utf8Bytes(text) > most;
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

/** Room ids: 1–128 code points in NFC, usable as one path segment. */
export function wrongRoomId(text: string): string | undefined {
  return wrongNormalLabel(text, 128) ?? wrongSegment(text);
}

/** `.` and `..` are steps in a URL's path, even percent-encoded, so no address could name such an id. */
function wrongSegment(text: string): string | undefined {
  return text === '.' || text === '..' ? 'must not be "." or ".."' : undefined;
}

/** The display name of a user who has no other. */
export function nameOfId(userId: string): string {
  return displayName(userId) ?? firstCodePoints(userId, NAME_LENGTH);
}

/** Display names in payloads: already in the form that `displayName` gives them. */
export function wrongUsername(text: string): string | undefined {
  const wrong = wrongNormalLabel(text, NAME_LENGTH);
  if (wrong !== undefined) return wrong;
  if (BIDI.test(text)) return 'must not turn the direction of text around';
  if (!isVisible(text)) return 'must have something to see';
  if (withoutHidden(text) !== text) return 'must not contain invisible characters';
  return displayName(text) === text ? undefined : 'must be one line, with single spaces';
}

/**
 * A file's name in the form in which it is shown and saved: without folders and hidden characters, in
 * one line, at most 255 bytes with its extension kept. Idempotent.
 */
export function fileName(text: string): string {
  const last = cleanLine(text.toWellFormed()).split(/[/\\]/).at(-1)?.trim() ?? '';
  if (last === '' || /^\.+$/.test(last) || !isVisible(last)) return 'file';
  if (!exceedsBytes(last, fixed.fileNameBytes)) return last;
  const extension = /\.[A-Za-z0-9]{1,16}$/.exec(last)?.[0] ?? '';
  const most = fixed.fileNameBytes - extension.length;
  return cleanLine(firstBytes(last, most)) + extension;
}

/** The first whole code points of `text` within `most` bytes of UTF-8. */
function firstBytes(text: string, most: number): string {
  let end = 0;
  let bytes = 0;
  for (const character of text) {
    bytes += utf8Bytes(character);
    if (bytes > most) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** Beginnings of names: 1–64 code points. */
export function wrongPrefix(text: string): string | undefined {
  return wrongLabel(text, 64);
}

/** Reactions: one short text, usually an emoji. Checked in the form in which it is counted. */
export function wrongEmoji(text: string): string | undefined {
  const wrong = wrongLabel(text, fixed.reactionBytes);
  if (wrong !== undefined) return wrong;
  const kind = emojiKind(text);
  if (FORBIDDEN_KEYS.has(kind)) return 'must be an emoji';
  if (/\s/u.test(kind)) return 'must not contain spaces';
  if (!isVisible(kind)) return 'must have something to see';
  return exceedsBytes(kind, fixed.reactionBytes)
    ? `must be at most ${fixed.reactionBytes} bytes`
    : undefined;
}

/** Topics and notes: one line; empty is fine. */
export function wrongLine(text: string, most: number): string | undefined {
  return text === '' ? undefined : wrongLabel(text, most);
}

/** User ids: 1–128 code points, usable as one path segment. */
export function wrongUserId(text: string): string | undefined {
  return wrongKnownUserId(text) ?? wrongSegment(text);
}

/** User ids that a room may hold, among them `.` and `..`, which were accepted once. */
export function wrongKnownUserId(text: string): string | undefined {
  return wrongLabel(text, 128);
}
