import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { authenticator } from '../../src/auth/authenticator.ts';
import { KeySet, type PublicAlgorithm } from '../../src/auth/key-set.ts';

/** An authenticator that fetches these public keys. */
function knowing(...keys: JWK[]) {
  const keySet = new KeySet({
    url: 'https://id.example/keys',
    now: () => Date.now(),
    fetch: () => Promise.resolve(Response.json({ keys })),
    onFailure: () => undefined,
  });
  return authenticator({ secrets: [], keySet }, false, () => Date.now());
}

async function signed(alg: string, key: CryptoKey): Promise<string> {
  return new SignJWT({ sub: 'alice' })
    .setProtectedHeader({ alg })
    .setExpirationTime('1 hour')
    .sign(key);
}

const algorithms: PublicAlgorithm[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

test.each(algorithms)('[AUTH1] workerd verifies a token of %s', async (alg) => {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const authenticate = knowing({ ...(await exportJWK(publicKey)), alg });
  const token = await signed(alg, privateKey);
  expect(await authenticate({ token })).toMatchObject({ userId: 'alice' });
  const stranger = await generateKeyPair(alg);
  const forged = await signed(alg, stranger.privateKey);
  await expect(authenticate({ token: forged })).rejects.toMatchObject({ code: 'unauthorized' });
});

test('workerd verifies RS256 and PS256 with one RSA key that names no algorithm', async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  const authenticate = knowing(await exportJWK(publicKey));
  for (const [alg, name] of [
    ['RS256', 'RSASSA-PKCS1-v1_5'],
    ['PS256', 'RSA-PSS'],
  ] as const) {
    const algorithm = { name, hash: 'SHA-256' };
    const key = await crypto.subtle.importKey('jwk', { ...jwk, kty: 'RSA' }, algorithm, false, [
      'sign',
    ]);
    expect(await authenticate({ token: await signed(alg, key) })).toMatchObject({
      userId: 'alice',
    });
  }
});
