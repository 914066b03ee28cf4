import { createHmac, createSecretKey, generateKeyPairSync, sign } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { authenticator } from '../../../src/auth/authenticator.ts';
import { KeySet } from '../../../src/auth/key-set.ts';
import { keyOf, signToken } from '../../../src/auth/tokens.ts';
import { problemIn } from '../../support/refusals.ts';
import {
  type KeyServer,
  published,
  signedBy,
  signingKey,
  startKeyServer,
} from './support/key-server.ts';

const NOW = 1_700_000_000_000;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** The `exp` of tokens here, in seconds. */
const END = NOW / SECOND + 60;
const SECRET = keyOf('the secret of these tests, 32 bytes and more');

const rsa = signingKey('RS256');
const ec = signingKey('ES256');
const ed = signingKey('EdDSA');

const INVALID_TOKEN = { code: 'unauthorized', message: 'The token is not valid; get a new one.' };
const UNAVAILABLE = {
  code: 'unavailable',
  message:
    'Tokens cannot be checked right now, because the key server does not answer; try again in a moment.',
  retryAfterMs: 5_000,
};

/** An authenticator that uses the keys of a key server, with a clock that the test moves. */
class Service {
  now = NOW;
  readonly failures: unknown[] = [];
  readonly server: KeyServer;
  readonly #authenticate: ReturnType<typeof authenticator>;

  constructor(server: KeyServer, secrets: readonly Uint8Array[] = []) {
    this.server = server;
    const keySet = new KeySet({
      url: server.url,
      now: () => this.now,
      fetch: (url, init) => fetch(url, init),
      onFailure: (error) => this.failures.push(error),
    });
    this.#authenticate = authenticator({ secrets, keySet }, false, () => this.now);
  }

  /** The user id that the token identifies, or the problem with it. */
  async who(token: string): Promise<unknown> {
    return this.#authenticate({ token }).then(({ userId }) => userId, problemIn);
  }
}

async function serving(
  keys: readonly Record<string, unknown>[],
  secrets: readonly Uint8Array[] = [],
): Promise<Service> {
  const server = await startKeyServer(...keys);
  onTestFinished(() => server.close());
  return new Service(server, secrets);
}

function tokenOf(
  key: typeof rsa,
  sub = 'alice',
  header: Record<string, unknown> = {},
): Promise<string> {
  return signedBy(key, { sub }, { now: NOW + 2 * 60 * MINUTE, header });
}

describe('a token signed with a published key', () => {
  it.each([
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
  ] as const)('[AUTH1] of %s identifies its user', async (alg) => {
    const key = signingKey(alg);
    const service = await serving([published(rsa), published(ec), published(ed), published(key)]);
    expect(await service.who(await tokenOf(key))).toBe('alice');
  });

  it.each(['EdDSA', 'Ed25519', undefined])(
    '[AUTH1] of EdDSA is valid with either name of the algorithm when the key says %s',
    async (alg) => {
      const service = await serving([{ ...published(ed), alg }]);
      for (const name of ['EdDSA', 'Ed25519'] as const) {
        expect(await service.who(await tokenOf({ ...ed, alg: name }))).toBe('alice');
      }
    },
  );

  it('[AUTH2] may use every RSA algorithm of its key, but only the `alg` that the key names', async () => {
    const { alg: _, ...open } = published(rsa);
    const any = await serving([open]);
    const bound = await serving([published(rsa)]);
    for (const alg of ['RS256', 'PS256', 'RS512', 'PS384', 'RS256'] as const) {
      const token = await tokenOf({ ...rsa, alg });
      expect(await any.who(token)).toBe('alice');
      expect(await bound.who(token)).toEqual(alg === 'RS256' ? 'alice' : INVALID_TOKEN);
    }
    expect(any.server.asked).toBe(1);
  });

  it('[AUTH2] is checked with a key without a kid if no key has the kid of the token', async () => {
    const { kid: _, ...nameless } = published(ec);
    const service = await serving([nameless]);
    for (let at = 0; at < 3; at++) {
      expect(await service.who(await tokenOf(ec, 'alice', { kid: `kid ${at}` }))).toBe('alice');
      service.now += 5 * SECOND;
    }
    expect(service.server.asked).toBe(1);
    expect(await service.who(await tokenOf(signingKey('ES256')))).toEqual(INVALID_TOKEN);
    expect(await service.who(await tokenOf(rsa))).toEqual(INVALID_TOKEN);
  });

  it('[AUTH2] is not checked with a key without a kid if another key has the kid of the token', async () => {
    const { kid: _, ...nameless } = published(ec);
    const other = signingKey('ES256', 'named');
    const named = await tokenOf(ec, 'alice', { kid: 'named' });
    expect(await (await serving([nameless, published(other)])).who(named)).toEqual(INVALID_TOKEN);
    const ofOtherKind = published({ ...rsa, kid: 'named' });
    expect(await (await serving([nameless, ofOtherKind])).who(named)).toEqual(INVALID_TOKEN);
  });

  it('is valid as soon as its key is published, also beside a key without a kid', async () => {
    const { kid: _, ...nameless } = published(ec);
    const old = await tokenOf(ec, 'alice', { kid: 'of no key' });
    const young = signingKey('ES256');
    const service = await serving([nameless, published(rsa)]);
    expect(await service.who(old)).toBe('alice');
    service.server.publish(nameless, published(young), published(rsa));
    service.now += 5 * SECOND;
    expect(await service.who(await tokenOf(young))).toBe('alice');
    expect(await service.who(old)).toBe('alice');
  });

  it('[AUTH2] without a kid is checked with every key', async () => {
    const others = [signingKey('RS256'), signingKey('RS256')];
    const service = await serving([...others, rsa].map((key) => published(key)));
    const token = await tokenOf(rsa, 'alice', { kid: undefined });
    expect(await service.who(token)).toBe('alice');
  });

  it('is valid if its key has no "use" and no "alg"', async () => {
    const { kty, n, e } = published(rsa);
    const service = await serving([{ kty, n, e }]);
    expect(await service.who(await tokenOf(rsa, 'alice', { kid: undefined }))).toBe('alice');
  });

  it('is refused for its claims too', async () => {
    const service = await serving([published(ec)]);
    const expired = await signedBy(ec, { sub: 'alice', exp: NOW / SECOND - 60 });
    expect(await service.who(expired)).toMatchObject({ code: 'token_expired' });
    const endless = await signedBy(ec, { sub: 'alice', exp: undefined });
    expect(await service.who(endless)).toEqual(INVALID_TOKEN);
    expect(await service.who(await tokenOf(ec, 'guest:x'))).toMatchObject({ code: 'unauthorized' });
    const [header, , signature] = (await tokenOf(ec)).split('.');
    const claims = Buffer.from(JSON.stringify({ sub: 'root', exp: END })).toString('base64url');
    expect(await service.who([header, claims, signature].join('.'))).toEqual(INVALID_TOKEN);
  });

  it('is valid beside one signed with the secret', async () => {
    const service = await serving([published(ec)], [SECRET]);
    expect(await service.who(await tokenOf(ec))).toBe('alice');
    const bySecret = await signToken({ sub: 'bob', exp: NOW / SECOND + 60 }, SECRET);
    expect(await service.who(bySecret)).toBe('bob');
    expect(service.server.asked).toBe(1);
  });
});

describe('keys', () => {
  it('are fetched once for all requests, and again after ten minutes', async () => {
    const service = await serving([published(ec)]);
    const token = await tokenOf(ec);
    expect(service.server.asked).toBe(0);
    const crowd = await Promise.all(Array.from({ length: 50 }, () => service.who(token)));
    expect(new Set(crowd)).toEqual(new Set(['alice']));
    service.now += 10 * MINUTE - 1;
    expect(await service.who(token)).toBe('alice');
    expect(service.server.asked).toBe(1);
    service.now += 1;
    expect(await service.who(token)).toBe('alice');
    expect(service.server.asked).toBe(2);
  });

  it('rotate: a new key works at its first use, a withdrawn one for at most ten minutes', async () => {
    const service = await serving([published(ec)]);
    const [old, young] = [await tokenOf(ec), await tokenOf(rsa)];
    expect(await service.who(old)).toBe('alice');
    service.server.publish(published(ec), published(rsa));
    service.now += 5 * SECOND;
    expect(await service.who(young)).toBe('alice');
    service.server.publish(published(rsa));
    expect(await service.who(old)).toBe('alice');
    service.now += 10 * MINUTE;
    expect(await service.who(old)).toEqual(INVALID_TOKEN);
    expect(await service.who(young)).toBe('alice');
    expect(service.failures).toEqual([]);
  });

  it('are fetched at most once in five seconds, whatever kids tokens name', async () => {
    const service = await serving([published(ec)]);
    const strange = await Promise.all(
      Array.from({ length: 40 }, () => tokenOf(ec, 'mallory', { kid: crypto.randomUUID() })),
    );
    for (const token of strange) expect(await service.who(token)).toEqual(INVALID_TOKEN);
    expect(service.server.asked).toBe(1);
    service.now += 5 * SECOND;
    await Promise.all(strange.map((token) => service.who(token)));
    expect(service.server.asked).toBe(2);
  });

  it.each([
    ['private keys', { ...ec.privateKey.export({ format: 'jwk' }), kid: ec.kid }, 'alice'],
    ['for encryption', { ...published(ec), use: 'enc' }, INVALID_TOKEN],
    ['for another algorithm', { ...published(ec), alg: 'ES384' }, INVALID_TOKEN],
    ['for signing', { ...published(ec), key_ops: ['sign'] }, INVALID_TOKEN],
    ['damaged', { ...published(ec), x: 'AAAA' }, INVALID_TOKEN],
    [
      'with null for absent fields',
      { ...published(ec), alg: null, use: null, key_ops: null },
      'alice',
    ],
    ['of another curve', { ...published(signingKey('ES384')), kid: ec.kid }, INVALID_TOKEN],
    ['malformed', { kid: ec.kid, kty: 7, key_ops: 7 }, INVALID_TOKEN],
  ])('that are %s are used or ignored', async (_, jwk, outcome) => {
    const service = await serving([jwk, published(rsa)]);
    expect(await service.who(await tokenOf(ec))).toEqual(outcome);
    expect(await service.who(await tokenOf(rsa))).toBe('alice');
  });

  it('[AUTH1] of RSA below 2,048 bits are ignored', async () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 1_024 });
    const weak = { alg: 'RS256', kid: 'weak', ...pair } as const;
    const signed = `${base64({ alg: 'RS256', kid: 'weak' })}.${base64({ sub: 'alice', exp: END })}`;
    const signature = sign('sha256', Buffer.from(signed), weak.privateKey).toString('base64url');
    const service = await serving([published(weak)]);
    expect(await service.who(`${signed}.${signature}`)).toEqual(INVALID_TOKEN);
  });
});

describe('a secret and a key set are never confused', () => {
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const jwk = published(rsa);
  const secrets = { pem, jwk: JSON.stringify(jwk), n: String(jwk['n']), 'no bytes': '' };

  it.each(Object.entries(secrets))(
    'refuses an HMAC over the public key as %s',
    async (_, secret) => {
      const { alg: _alg, ...open } = jwk;
      for (const service of [
        await serving([jwk]),
        await serving([open]),
        await serving([jwk], [SECRET]),
      ]) {
        for (const hash of ['256', '384', '512']) {
          const header = { alg: `HS${hash}`, kid: rsa.kid };
          const signed = `${base64(header)}.${base64({ sub: 'root', exp: END })}`;
          const signature = createHmac(`sha${hash}`, secret).update(signed).digest('base64url');
          expect(await service.who(`${signed}.${signature}`)).toEqual(INVALID_TOKEN);
        }
      }
    },
  );

  it('ignores a symmetric key in the set', async () => {
    const k = Buffer.from('published by mistake, 32 bytes and more');
    const service = await serving([{ kty: 'oct', kid: 'oct', k: k.toString('base64url') }]);
    const token = await new SignJWT({ sub: 'root', exp: NOW / SECOND + 60 })
      .setProtectedHeader({ alg: 'HS256', kid: 'oct' })
      .sign(createSecretKey(k));
    expect(await service.who(token)).toEqual(INVALID_TOKEN);
  });

  it('refuses public-key tokens without a key set, and HS256 without a secret', async () => {
    const onlySecret = authenticator({ secrets: [SECRET] }, false, () => NOW);
    await expect(onlySecret({ token: await tokenOf(rsa) })).rejects.toMatchObject(INVALID_TOKEN);
    const onlyKeys = await serving([published(rsa)]);
    const bySecret = await signToken({ sub: 'bob', exp: NOW / SECOND + 60 }, SECRET);
    expect(await onlyKeys.who(bySecret)).toEqual(INVALID_TOKEN);
    expect(onlyKeys.server.asked).toBe(0);
  });

  it.each([
    { alg: 'none' },
    { alg: 'RS384' },
    { alg: 'RS512' },
    { alg: 'PS256' },
    { alg: 'PS384' },
    { alg: 'PS512' },
    { alg: 'RS1' },
    { alg: 'ES384' },
    { alg: 'ES256K' },
    { alg: 'Ed25519' },
    { alg: 'HS384' },
    { alg: 'HS512' },
    { alg: 'constructor' },
    { alg: '__proto__' },
    { alg: ['RS256'] },
    { alg: 'RS256', kid: { toString: 'x' } },
    { alg: 'RS256', jwk: published(ec) },
    { alg: 'RS256', jku: 'http://127.0.0.1:1/keys' },
    { alg: 'RS256', crit: ['exp'] },
    {},
  ])('refuses a header of %j', async (header) => {
    const service = await serving([jwk], [SECRET]);
    const [, claims, signature] = (await tokenOf(rsa)).split('.');
    expect(await service.who([base64(header), claims, signature].join('.'))).toEqual(INVALID_TOKEN);
    expect(await service.who(`${base64(header)}.${claims}.`)).toEqual(INVALID_TOKEN);
  });
});

describe('a key server that does not answer', () => {
  it('makes tokens "unavailable", not "unauthorized", and is asked once in five seconds', async () => {
    const service = await serving([published(ec)]);
    const token = await tokenOf(ec);
    service.server.answer((_, response) => response.writeHead(500).end());
    expect(await service.who(token)).toEqual(UNAVAILABLE);
    for (let at = 0; at < 30; at++) expect(await service.who(token)).toEqual(UNAVAILABLE);
    expect([service.server.asked, service.failures]).toEqual([1, [expect.any(Error)]]);
    service.server.publish(published(ec));
    service.now += 5 * SECOND;
    expect(await service.who(token)).toBe('alice');
    expect(service.server.asked).toBe(2);
  });

  it('keeps the last keys valid for an hour', async () => {
    const service = await serving([published(ec)]);
    const token = await tokenOf(ec);
    expect(await service.who(token)).toBe('alice');
    await service.server.close();
    service.now += 59 * MINUTE;
    expect(await service.who(token)).toBe('alice');
    expect(service.failures).toHaveLength(1);
    service.now += 1 * MINUTE;
    expect(await service.who(token)).toEqual(UNAVAILABLE);
    expect(service.failures).toHaveLength(2);
  });

  it.each<[string, (response: import('node:http').ServerResponse) => void]>([
    ['a redirection', (response) => response.writeHead(302, { location: '/other' }).end()],
    ['no JSON', (response) => response.end('<html>')],
    ['no key set', (response) => response.end('{"keys":{}}')],
    ['null', (response) => response.end('null')],
    ['half an answer', (response) => response.destroy()],
  ])('is one that sends %s', async (_, answer) => {
    const service = await serving([]);
    service.server.answer((_request, response) => answer(response));
    expect(await service.who(await tokenOf(ec))).toEqual(UNAVAILABLE);
    expect(service.failures).toEqual([expect.any(Error)]);
  });

  it('delays users for at most six seconds, and is asked once a second', async () => {
    const service = await serving([]);
    service.server.answer(() => undefined);
    const token = await tokenOf(ec);
    const answers = await Promise.all(Array.from({ length: 20 }, () => service.who(token)));
    expect(answers).toEqual(Array.from({ length: 20 }, () => UNAVAILABLE));
    // Asked for the first user, and then once a second for one of those who wait.
    expect(service.server.asked).toBeLessThanOrEqual(4);
  });
});

describe('two secrets', () => {
  const old = keyOf('the secret before, also of 32 bytes and more');
  const claims = { sub: 'alice', exp: NOW / SECOND + 60 };

  it('are both valid while one replaces the other', async () => {
    const tokens = [await signToken(claims, SECRET), await signToken(claims, old)];
    const during = authenticator({ secrets: [SECRET, old] }, false, () => NOW);
    for (const token of tokens) expect(await during({ token })).toMatchObject({ userId: 'alice' });
    const after = authenticator({ secrets: [SECRET] }, false, () => NOW);
    expect(await after({ token: tokens[0] })).toMatchObject({ userId: 'alice' });
    await expect(after({ token: tokens[1] })).rejects.toMatchObject(INVALID_TOKEN);
  });

  it('distinguish an expired token from a forged one, whichever signed it', async () => {
    const during = authenticator({ secrets: [SECRET, old] }, false, () => NOW + MINUTE * 2);
    for (const secret of [SECRET, old]) {
      const token = await signToken(claims, secret);
      await expect(during({ token })).rejects.toMatchObject({ code: 'token_expired' });
    }
  });

  it('keep guests: a guest who comes back while both are valid stays the same user', async () => {
    const before = authenticator({ secrets: [old] }, true, () => NOW);
    const during = authenticator({ secrets: [SECRET, old] }, true, () => NOW);
    const after = authenticator({ secrets: [SECRET] }, true, () => NOW);
    const { userId, guestToken } = await before({});
    const carried = await during({ guestToken });
    expect(carried.userId).toBe(userId);
    expect(await after({ guestToken: carried.guestToken })).toMatchObject({ userId });
    expect((await after({ guestToken })).userId).not.toBe(userId);
  });
});

function base64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
