/** @import { Problem } from '../../../src/protocol/errors.ts' */

/** A frame was over its limit. */
export const FRAME_TOO_BIG = 1009;
/** The token has ended: come back with a new one. */
export const TOKEN_EXPIRED = 4003;
/** Nobody told us why: what browsers report when the network breaks. */
export const LOST = 1006;

/** What a user reads about an end that is final, by close code: what happened, and the next step. */
const SENTENCES = new Map([
  [TOKEN_EXPIRED, 'Your token has expired; paste a new one to join again.'],
  [4500, 'The server did not let you in; join again with another token.'],
  [4501, 'You were removed from this room; wait a minute, then join again.'],
  [4502, 'You are banned from this room; choose another one.'],
  [4503, 'There is no such room; choose another one.'],
  [4504, 'This page and the server do not understand each other; reload the page.'],
  [4505, 'This room is open too often under your name; close another window, then join again.'],
]);

/**
 * Whether to come back after a close: everything below 4500 says so, the network's own codes
 * included.
 *
 * @param {number} code
 */
export function shouldComeBack(code) {
  return code < 4500 || code > 4999;
}

/**
 * One sentence about an end that is final.
 *
 * @param {number} code
 * @param {Problem | undefined} problem what the server said before it closed
 */
export function sentenceOf(code, problem) {
  if (problem !== undefined && (code === 4500 || code === 4504)) return inPlainWords(problem);
  return SENTENCES.get(code) ?? 'The server ended the connection; join again later.';
}

/** What the fields of a join are called on the page. */
const FIELDS = new Map([
  ['roomId', 'The room'],
  ['username', 'Your name'],
]);

/** @param {Problem} problem */
function inPlainWords({ message, field = '' }) {
  const name = FIELDS.get(field);
  return name !== undefined && message.startsWith(`${field} `)
    ? name + message.slice(field.length)
    : message;
}
