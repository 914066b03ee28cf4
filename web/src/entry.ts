import type { TokenSource } from '../../src/client/index.ts';
import { foldName } from '../../src/protocol/fold.ts';
import { displayName } from '../../src/protocol/display-name.ts';
import { pageSettings } from './page-settings.ts';
import { text } from './texts.ts';

/**
 * How a user signs in. `name`: development mode gives a token for any name. `token`: one that was
 * pasted. `guest`: without a token, where the server admits guests. `site`: the site's own backend at
 * `TOKEN_URL` gives one to users who have signed in there.
 */
export type SignInMethod =
  | { kind: 'name' }
  | { kind: 'token'; token: string }
  | { kind: 'guest' }
  | { kind: 'site' };

/** The fields of the sign-in form, as typed. */
export interface Answers {
  name: string;
  room: string;
  token: string;
}

/** An entry that is not valid: which field it is, and a sentence about what to do. */
export class InvalidField extends Error {
  readonly field: keyof Answers;

  constructor(field: keyof Answers, sentence: string) {
    super(sentence);
    this.field = field;
  }
}

const CONTROL = /\p{Cc}/u;
/** Three parts of base64url, which is all that a subprotocol and a header can carry. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** @throws InvalidField */
export function readName(said: string): string {
  const typed = said.trim().normalize('NFC');
  if (typed === '') throw new InvalidField('name', text('enterName'));
  if (isTooLong(typed, 64)) throw new InvalidField('name', text('nameTooLong'));
  const name = displayName(typed);
  if (name === undefined) throw new InvalidField('name', text('nameInvisible'));
  return name;
}

/** @throws InvalidField */
export function readRoom(said: string): string {
  const room = said.trim().normalize('NFC');
  if (room === '') throw new InvalidField('room', text('enterRoom'));
  if (isTooLong(room, 128)) throw new InvalidField('room', text('roomTooLong'));
  if (isBroken(room) || room === '.' || room === '..') {
    throw new InvalidField('room', text('roomUnnameable'));
  }
  return room;
}

/** A room's name as users type it, with or without a `#` before it. @throws InvalidField */
export function readTypedRoom(said: string): string {
  return readRoom(withoutHash(said));
}

/** A known room whose name differs from what was typed by case or accents alone. */
export function similarRoom(typed: string, known: readonly string[]): string | undefined {
  const name = withoutHash(typed);
  if (name === '' || known.includes(name)) return undefined;
  return known.find((room) => foldName(room) === foldName(name));
}

function withoutHash(text: string): string {
  return text.trim().replace(/^[#＃](?=.)/u, '');
}

/** @throws InvalidField */
export function readToken(said: string): string {
  const token = said.trim();
  if (token !== '' && !TOKEN.test(token)) {
    throw new InvalidField('token', text('notAToken'));
  }
  return token;
}

function isTooLong(text: string, most: number): boolean {
  return Array.from(text).length > most;
}

function isBroken(text: string): boolean {
  return CONTROL.test(text) || !text.isWellFormed();
}

/**
 * Finds how a user of this name signs in: with a token of development mode, else as a guest.
 * @throws InvalidField
 */
export async function findMethod(username: string): Promise<SignInMethod> {
  const response = await askForToken(username).catch(() => undefined);
  if (response === undefined || response.status >= 500) throw new Error(text('unreachable'));
  if (response.status === 400) throw new InvalidField('name', aboutName(await response.text()));
  return { kind: response.ok ? 'name' : 'guest' };
}

function askForToken(username: string): Promise<Response> {
  return fetch(`/test-token?username=${encodeURIComponent(username)}`, { cache: 'no-store' });
}

/** The server's sentence with the page's word for the field. @param sentence about `username` */
function aboutName(sentence: string): string {
  return sentence.trim().replace(/^username\b/, text('field_username'));
}

/**
 * The token of the user who has signed in at the site; undefined if they have to sign in first.
 * @throws Error with one sentence
 */
export async function siteToken(): Promise<string | undefined> {
  const { tokenUrl } = await pageSettings();
  if (tokenUrl === undefined) throw new Error(text('unreachable'));
  const options = { credentials: 'include', cache: 'no-store' } as const;
  const response = await fetch(tokenUrl, options).catch(() => undefined);
  if (response?.status === 401) return undefined;
  if (response?.ok !== true) throw new Error(text('unreachable'));
  const said = (await response.text()).trim();
  return said.startsWith('{') ? (JSON.parse(said) as { token: string }).token : said;
}

/**
 * Where the client gets the user's token; undefined for a guest.
 * @param signedOut called when the user is no longer signed in at the site
 */
export function tokenSourceOf(
  method: SignInMethod,
  name: string,
  signedOut: () => void,
): TokenSource | undefined {
  switch (method.kind) {
    case 'token':
      return method.token;
    case 'name':
      return async () => {
        const response = await askForToken(name);
        if (!response.ok) throw new Error(text('unreachable'));
        return response.text();
      };
    case 'site':
      return async () => {
        const token = await siteToken();
        if (token !== undefined) return token;
        signedOut();
        throw new Error(text('signInEnded'));
      };
    default:
      return undefined;
  }
}
