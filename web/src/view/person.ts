import { GUEST_PREFIX } from '../../../src/protocol/identity.ts';
import { element } from './dom.ts';
import { text } from '../texts.ts';

/** The style sheet has this many colours for people. */
const HUES = 8;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** A person's own colour and first letter; decoration only. */
export function avatar(userId: string, username: string): HTMLSpanElement {
  const made = element('span', `avatar hue-${hueOf(userId)}`, initialOf(username));
  made.setAttribute('aria-hidden', 'true');
  return made;
}

/** A name as text of its own, so that its direction stays its own, and how far it can be trusted. */
export function nameParts(userId: string, username: string, isUnverified: boolean): Node[] {
  const name = element('bdi', 'name', username);
  if (userId.startsWith(GUEST_PREFIX)) return [name, tag(text('guestTag'), text('guestTitle'))];
  return isUnverified ? [name, tag(text('unverifiedTag'), text('unverifiedTitle'))] : [name];
}

/** A word about somebody. */
export function tag(word: string, title = ''): HTMLSpanElement {
  const made = element('span', 'tag', word);
  made.title = title;
  return made;
}

/** FNV-1a, as http://www.isthe.com/chongo/tech/comp/fnv/ has it, with its halves folded. */
function hueOf(userId: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < userId.length; at++) {
    hash = Math.imul(hash ^ userId.charCodeAt(at), 0x01000193);
  }
  return ((hash ^ (hash >>> 16)) >>> 0) % HUES;
}

function initialOf(username: string): string {
  for (const { segment } of graphemes.segment(username)) return segment.toLocaleUpperCase();
  return '';
}
