import { base64url, type CryptoKey } from 'jose';
import type { Settings } from '../settings/settings.ts';

/** Random bytes of a key. */
const KEY_BYTES = 32;

/** Characters of the random part, and of the tag after it: 256 and 96 bits. */
const RANDOM_CHARACTERS = 43;
const TAG_CHARACTERS = 16;

/** Separates these signatures from everything else that the secret signs. */
const PURPOSE = 'parlor incoming webhooks';

/**
 * Makes the keys of incoming webhooks: 256 random bits, and a tag by which the service recognises its
 * own keys without asking a room. The room decides what a key may do.
 */
export class IncomingKeys {
  readonly #secrets: readonly Promise<CryptoKey>[];

  /**
   * @param secrets the first signs; without any, keys have no tag, and every key counts as possibly the
   * service's own
   */
  constructor(secrets: readonly string[]) {
    this.#secrets = secrets.map(importSecret);
  }

  async make(roomId: string): Promise<string> {
    const random = base64url.encode(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
    const [secret] = this.#secrets;
    return secret === undefined ? random : `${random}${await tagOf(await secret, roomId, random)}`;
  }

  /** Whether the service may have made this key for a room; false for a made-up key. */
  async mayBeGenuine(roomId: string, key: string): Promise<boolean> {
    if (this.#secrets.length === 0) return true;
    const random = key.slice(0, RANDOM_CHARACTERS);
    for (const secret of this.#secrets) {
      // The time of the comparison reveals nothing useful: the room still looks up the whole key.
      if (key === `${random}${await tagOf(await secret, roomId, random)}`) return true;
    }
    return false;
  }
}

async function tagOf(secret: CryptoKey, roomId: string, random: string): Promise<string> {
  const signed = new TextEncoder().encode(`${PURPOSE}\n${random}\n${roomId}`);
  const tag = new Uint8Array(await crypto.subtle.sign('HMAC', secret, signed));
  return base64url.encode(tag).slice(0, TAG_CHARACTERS);
}

function importSecret(secret: string): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const bytes = new TextEncoder().encode(secret);
  return crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign']);
}

/** The keys of a deployment, by its secrets; keys signed with JWT_SECRET_OLD are recognised too. */
export function incomingKeysOf({
  JWT_SECRET,
  JWT_SECRET_OLD,
  FILES_SECRET,
}: Pick<Settings, 'JWT_SECRET' | 'JWT_SECRET_OLD' | 'FILES_SECRET'>): IncomingKeys {
  const secrets = [JWT_SECRET, JWT_SECRET_OLD, FILES_SECRET];
  return new IncomingKeys(secrets.filter((secret) => secret !== undefined));
}
