import { GUEST_PREFIX } from '../../../src/protocol/identity.ts';
import type { Present } from '../../../src/protocol/objects.ts';
import { element } from './dom.ts';
import { graphemesOf } from '../graphemes.ts';
import { text } from '../texts.ts';

/** The style sheet has this many colours for people. */
const HUES = 12;

/** A person's own colour and initials; decoration only. */
export function avatar(userId: string, username: string): HTMLSpanElement {
  const made = element('span', `avatar hue-${hueOf(userId)}`, initialsOf(username));
  made.setAttribute('aria-hidden', 'true');
  return made;
}

/** A name with a text direction of its own, and tags that say how far it can be trusted. */
export function nameParts(
  userId: string,
  username: string,
  { unverified, bot }: Pick<Present, 'unverified' | 'bot'>,
): Node[] {
  const name = element('bdi', `name hue-${hueOf(userId)}`, username);
  if (userId.startsWith(GUEST_PREFIX)) return [name, tag(text('guestTag'), text('guestTitle'))];
  const marks = [name];
  if (bot) marks.push(tag(text('botTag'), text('botTitle')));
  if (unverified) marks.push(tag(text('unverifiedTag'), text('unverifiedTitle')));
  return marks;
}

/** A word about a person. */
export function tag(word: string, title = ''): HTMLSpanElement {
  const made = element('span', 'tag', word);
  made.title = title;
  return made;
}

/** FNV-1a, see http://www.isthe.com/chongo/tech/comp/fnv/, with its two halves combined. */
function hueOf(userId: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < userId.length; at++) {
    hash = Math.imul(hash ^ userId.charCodeAt(at), 0x01000193);
  }
  return ((hash ^ (hash >>> 16)) >>> 0) % HUES;
}

/** The initials of the first word and the last one. */
function initialsOf(username: string): string {
  const words = username.split(/[\s._-]+/u).filter((word) => word !== '');
  const ends = words.length > 1 ? [words[0], words.at(-1)] : [username];
  return ends.map((word = '') => initialOf(word)).join('');
}

function initialOf(word: string): string {
  // An ASCII character before another one is a grapheme, and making a segmenter takes long.
  if (/^[ -~](?:[ -~]|$)/.test(word)) return word.charAt(0).toLocaleUpperCase();
  for (const { segment } of graphemesOf(word)) return segment.toLocaleUpperCase();
  return '';
}
