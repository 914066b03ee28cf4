import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import type { PublicAlgorithm } from '../../../../src/auth/key-set.ts';

/** A key pair of a sign-in service. */
export interface SigningKey {
  alg: PublicAlgorithm;
  kid: string;
  publicKey: KeyObject;
  privateKey: KeyObject;
}

const CURVES: Partial<Record<PublicAlgorithm, string>> = {
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
};

export function signingKey(alg: PublicAlgorithm, kid: string = randomUUID()): SigningKey {
  const namedCurve = CURVES[alg];
  if (namedCurve !== undefined) {
    return { alg, kid, ...generateKeyPairSync('ec', { namedCurve }) };
  }
  if (alg === 'EdDSA' || alg === 'Ed25519') return { alg, kid, ...generateKeyPairSync('ed25519') };
  return { alg, kid, ...generateKeyPairSync('rsa', { modulusLength: 2_048 }) };
}

/** A key as a key set publishes it. */
export function published({ kid, alg, publicKey }: SigningKey): Record<string, unknown> {
  return { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

/** A token that expires in an hour, signed as a sign-in service signs it. */
export async function signedBy(
  { alg, kid, privateKey }: SigningKey,
  claims: Record<string, unknown>,
  { header = {}, now = Date.now() } = {},
): Promise<string> {
  const exp = Math.floor(now / 1_000) + 3_600;
  return new SignJWT({ exp, ...claims })
    .setProtectedHeader({ alg, kid, ...header })
    .sign(privateKey);
}

/** A server on loopback that publishes keys and counts requests. */
export interface KeyServer {
  url: string;
  /** The number of requests. */
  readonly asked: number;
  /** Publishes these keys from now on. */
  publish(...keys: Record<string, unknown>[]): void;
  /** Answers requests with this listener from now on. */
  answer(listener: RequestListener): void;
  close(): Promise<void>;
}

export async function startKeyServer(...keys: Record<string, unknown>[]): Promise<KeyServer> {
  let asked = 0;
  let listener: RequestListener = publishing(keys);
  const server = createServer((request, response) => {
    asked++;
    listener(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    // A unique path, because a later server may get the same port.
    url: `http://127.0.0.1:${port}/${randomUUID()}/jwks.json`,
    get asked() {
      return asked;
    },
    publish: (...next) => (listener = publishing(next)),
    answer: (next) => (listener = next),
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function publishing(keys: readonly Record<string, unknown>[]): RequestListener {
  return (_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys }));
  };
}
