/** @import { Credentials } from '../connection/connection.js' */
import { NoEntry } from '../connection/connection.js';
import { ofThisWindow } from './memory.js';

/**
 * How somebody comes in. `name`: development mode gives a token for any name. `token`: one that was
 * pasted. `guest`: without a token, where the server takes guests.
 *
 * @typedef {{ kind: 'name', username: string }
 *   | { kind: 'token', token: string }
 *   | { kind: 'guest' }} Way
 */

/** Something that was entered does not fit: which field, and what to do. */
export class Misfit extends Error {
  /**
   * @param {'name' | 'room' | 'token'} field
   * @param {string} sentence
   */
  constructor(field, sentence) {
    super(sentence);
    this.field = field;
  }
}

const CONTROL = /\p{Cc}/u;
/** Three parts of base64url, which is all that a subprotocol and a header can carry. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const UNREACHABLE = 'The server cannot be reached; check your connection, then try again.';

/** @param {string} text @throws {Misfit} */
export function readName(text) {
  const name = text.trim().normalize('NFC');
  if (name === '') throw new Misfit('name', 'Enter the name that others will see.');
  if (tooLong(name, 64)) throw new Misfit('name', 'Choose a name of at most 64 characters.');
  if (isBroken(name)) throw new Misfit('name', 'Choose a name of visible characters.');
  return name;
}

/** @param {string} text @throws {Misfit} */
export function readRoom(text) {
  const room = text.trim().normalize('NFC');
  if (room === '') throw new Misfit('room', 'Enter the room that you want to join.');
  if (tooLong(room, 128)) throw new Misfit('room', 'Choose a room of at most 128 characters.');
  if (isBroken(room) || room === '.' || room === '..') {
    throw new Misfit('room', 'Choose another room: this one cannot be part of an address.');
  }
  return room;
}

/** @param {string} text @throws {Misfit} */
export function readToken(text) {
  const token = text.trim();
  if (token !== '' && !TOKEN.test(token)) {
    throw new Misfit('token', 'This is no token; paste all of it, three parts with dots between.');
  }
  return token;
}

/** @param {string} text @param {number} most */
function tooLong(text, most) {
  return Array.from(text).length > most;
}

/** @param {string} text */
function isBroken(text) {
  return CONTROL.test(text) || !text.isWellFormed();
}

/**
 * Finds how a name comes in: with the token of development mode, else as a guest.
 *
 * @param {string} username
 * @returns {Promise<Way>}
 * @throws {Misfit}
 */
export async function findWay(username) {
  const response = await askForToken(username).catch(() => undefined);
  if (response === undefined || response.status >= 500) throw new Error(UNREACHABLE);
  if (response.status === 400) throw new Misfit('name', aboutName(await response.text()));
  return response.ok ? { kind: 'name', username } : { kind: 'guest' };
}

/** @param {string} username */
function askForToken(username) {
  return fetch(`/test-token?username=${encodeURIComponent(username)}`, { cache: 'no-store' });
}

/** @param {string} sentence about the field `username` */
function aboutName(sentence) {
  return sentence.trim().replace(/^username\b/, 'Your name');
}

/**
 * Credentials for every attempt to connect.
 *
 * @param {Way} way
 * @returns {(fresh: boolean) => Promise<Credentials>}
 */
export function credentialsFor(way) {
  /** @type {string | undefined} */
  let made;
  return async (fresh) => {
    switch (way.kind) {
      case 'token':
        if (fresh) throw new NoEntry('Your token has expired; paste a new one to join again.');
        return { token: way.token };
      case 'name':
        if (fresh) made = undefined;
        made ??= await madeToken(way.username);
        return { token: made };
      default:
        return { guestToken: ofThisWindow.get('guestToken') };
    }
  };
}

/** @param {string} username */
async function madeToken(username) {
  const response = await askForToken(username);
  if (!response.ok) throw new Error(UNREACHABLE);
  return response.text();
}
