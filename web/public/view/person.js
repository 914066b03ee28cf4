import { element } from './elements.js';

/** The style sheet has this many colours for people. */
const HUES = 8;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** A person's own colour and first letter; decoration only. @param {string} userId @param {string} username */
export function avatar(userId, username) {
  const made = element('span', `avatar hue-${hueOf(userId)}`, initialOf(username));
  made.setAttribute('aria-hidden', 'true');
  return made;
}

/**
 * A name as text of its own, so that its direction stays its own, and how far it can be trusted.
 *
 * @param {string} userId
 * @param {string} username
 * @param {boolean} isUnverified
 */
export function nameParts(userId, username, isUnverified) {
  const name = element('bdi', 'name', username);
  if (userId.startsWith('guest:')) return [name, ' ', element('span', 'tag', 'guest')];
  if (!isUnverified) return [name];
  const tag = element('span', 'tag', 'unverified');
  tag.title = 'No token vouches for this name.';
  return [name, ' ', tag];
}

/** @param {string} userId */
function hueOf(userId) {
  let hash = 7;
  for (let at = 0; at < userId.length; at++) hash = (hash * 31 + userId.charCodeAt(at)) % 65_521;
  return hash % HUES;
}

/** @param {string} username */
function initialOf(username) {
  for (const { segment } of graphemes.segment(username)) return segment.toLocaleUpperCase();
  return '';
}
