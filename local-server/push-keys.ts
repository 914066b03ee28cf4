import { createECDH, createHash, type ECDH } from 'node:crypto';

/** The keys that pushes are signed with, as settings. */
export interface PushKeys {
  VAPID_PUBLIC_KEY: string;
  VAPID_PRIVATE_KEY: string;
}

/** The contact given to push services in development mode, a placeholder. */
export const DEVELOPMENT_SUBJECT = 'mailto:developer@localhost';

/** Makes a new pair. */
export function makePushKeys(): PushKeys {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  return keysOf(pair);
}

/** Development mode's own keys: the same for the same secret, so that browsers stay subscribed. */
export function developmentPushKeys(secret: string): PushKeys {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(createHash('sha256').update(`push ${secret}`).digest());
  return keysOf(pair);
}

/** A pair as settings. A private key has 32 bytes, but Node leaves out its leading zeros. */
function keysOf(pair: ECDH): PushKeys {
  const number = pair.getPrivateKey('hex').padStart(64, '0');
  return {
    VAPID_PUBLIC_KEY: pair.getPublicKey('base64url'),
    VAPID_PRIVATE_KEY: Buffer.from(number, 'hex').toString('base64url'),
  };
}
