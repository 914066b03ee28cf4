import type { CryptoKey } from 'jose';
import { keyOf } from '../auth/tokens.ts';

/** How long a token holds at least, in milliseconds. */
const HOLDS_MS = 3_600_000;

/** What a token opens: every file of one room, for one user. */
export interface FileGrant {
  roomId: string;
  userId: string;
}

/**
 * Signs and checks the tokens by which a browser's own requests, such as an `<img>`, read files:
 * `<expiry>.<user>.<HMAC-SHA-256>`. Ends fall on full hours, so that addresses stay the same, and
 * cached, for an hour: a token holds for one to two hours.
 */
export class FileTokens {
  readonly #key: Promise<CryptoKey>;

  /** @param secret 32 bytes or more; the key is derived from it, so that it signs nothing else */
  constructor(secret: Uint8Array) {
    this.#key = derive(secret);
  }

  /** A token for a user in a room, and when it ends, in epoch milliseconds. */
  async make(grant: FileGrant, now: number): Promise<{ fileToken: string; expiresAt: number }> {
    const expiresAt = (Math.floor(now / HOLDS_MS) + 2) * HOLDS_MS;
    const head = `${(expiresAt / HOLDS_MS).toString(36)}.${toBase64Url(keyOf(grant.userId))}`;
    const signature = await crypto.subtle.sign('HMAC', await this.#key, signed(head, grant));
    return { fileToken: `${head}.${toBase64Url(new Uint8Array(signature))}`, expiresAt };
  }

  /** The user whose token this is; undefined where it does not hold for this room now. */
  async userOf(token: string, roomId: string, now: number): Promise<string | undefined> {
    const [expiry = '', user = '', signature = '', ...rest] = token.split('.');
    if (rest.length > 0 || token.length > MAX_TOKEN_LENGTH) return undefined;
    const userId = textOf(user);
    const bytes = fromBase64Url(signature);
    if (userId === undefined || bytes === undefined) return undefined;
    const text = signed(`${expiry}.${user}`, { roomId, userId });
    const holds = await crypto.subtle.verify('HMAC', await this.#key, bytes, text);
    return holds && Number.parseInt(expiry, 36) * HOLDS_MS > now ? userId : undefined;
  }
}

/** User ids have at most 128 bytes, a signature 43 characters. */
const MAX_TOKEN_LENGTH = 512;

/** What is signed. Room ids hold no line break, so one room's text is never another's. */
function signed(head: string, { roomId }: FileGrant): Uint8Array {
  return keyOf(`${head}\n${roomId}`);
}

/** A key for this purpose alone: knowing it, or what it has signed, tells nothing of the secret. */
async function derive(secret: Uint8Array): Promise<CryptoKey> {
  const bytes = await crypto.subtle.sign('HMAC', await importKey(secret), keyOf(PURPOSE));
  return importKey(new Uint8Array(bytes));
}

function importKey(bytes: Uint8Array): Promise<CryptoKey> {
  const form = { name: 'HMAC', hash: 'SHA-256' };
  return crypto.subtle.importKey('raw', bytes, form, false, ['sign', 'verify']);
}

const PURPOSE = 'parlor file tokens';

function toBase64Url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined;
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function textOf(base64: string): string | undefined {
  const bytes = fromBase64Url(base64);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
