import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { authenticator, type Credentials } from '../../../src/auth/authenticator.ts';
import { keyOf, signToken, type TokenRules } from '../../../src/auth/tokens.ts';
import { problemIn } from '../../support/refusals.ts';

const SECRET = 'the secret of these tests, 32 bytes and more';
const NOW = 1_700_000_000_000;
const NOW_S = NOW / 1_000;
const GRIN = '\u{1F600}';

const KEY = keyOf(SECRET);
const rules: TokenRules = { secrets: [KEY] };

/** The identity of these credentials, or the problem with them. */
async function who(
  credentials: Credentials,
  { checks = rules, guests = false, now = NOW } = {},
): Promise<unknown> {
  return authenticator(checks, guests, () => now)(credentials).catch(problemIn);
}

/** The identity of a token with these claims; it expires in a minute unless they have an `exp`. */
async function holderOf(claims: object, options?: Parameters<typeof who>[1]): Promise<unknown> {
  const token = await signToken({ exp: NOW_S + 60, ...claims }, KEY);
  return who({ token }, options);
}

function base64(value: object | string): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString(
    'base64url',
  );
}

/** A token made by hand, with any header and signature. */
function forged(header: object, claims: object, signature: (signed: string) => string): string {
  const signed = `${base64(header)}.${base64(claims)}`;
  return `${signed}.${signature(signed)}`;
}

function hmac(secret: string | Buffer, hash = 'sha256'): (signed: string) => string {
  return (signed) => createHmac(hash, secret).update(signed).digest('base64url');
}

const INVALID_TOKEN = {
  code: 'unauthorized',
  message: 'The token is not valid; get a new one.',
};
const NO_USER = {
  code: 'unauthorized',
  message: 'The token must name its user in sub, with 1 to 128 characters.',
};
const EXPIRED = { code: 'token_expired', message: 'The token has expired; get a new one.' };

const claims = { sub: 'alice', exp: NOW_S + 60 };

function padded(count: number): Promise<string> {
  return signToken({ ...claims, pad: 'x'.repeat(count) }, KEY);
}

describe('a token', () => {
  it('identifies its user and its expiry', async () => {
    expect(await holderOf({ sub: 'u1', name: 'Alice' })).toEqual({
      userId: 'u1',
      name: 'Alice',
      expiresAt: NOW + 60_000,
    });
  });

  it.each([
    [{ sub: 'a', id: 'b' }, 'a'],
    [{ id: 'b' }, 'b'],
    [{ id: 42 }, '42'],
    [{ sub: 42 }, '42'],
    [{ sub: null, id: 'b' }, 'b'],
    [{ sub: '', id: 'b' }, 'b'],
    [{ sub: 0 }, '0'],
    [{ sub: '...' }, '...'],
    [{ sub: 'x'.repeat(128) }, 'x'.repeat(128)],
    [{ sub: GRIN.repeat(128) }, GRIN.repeat(128)],
  ])('[AUTH3] with %j belongs to user %s', async (given, userId) => {
    expect(await holderOf(given)).toMatchObject({ userId });
  });

  it.each([
    [{}],
    [{ sub: '' }],
    [{ sub: {} }],
    [{ sub: { toString: 'alice' } }],
    [{ sub: ['alice'] }],
    [{ sub: true }],
    [{ sub: 1.5 }],
    [{ sub: 2 ** 53 }],
    [{ sub: '', id: null }],
    [{ sub: {}, id: 'b' }],
    [{ id: {} }],
  ])('[AUTH3] with %j has no user', async (given) => {
    expect(await holderOf(given)).toEqual(NO_USER);
  });

  it.each([
    [{ sub: '.' }, 'must not be "." or ".."'],
    [{ sub: '..' }, 'must not be "." or ".."'],
    [{ id: '..' }, 'must not be "." or ".."'],
    [{ sub: 'x'.repeat(129) }, 'must be at most 128 characters'],
    [{ sub: 'a\u0000b' }, 'must not contain control characters'],
    [{ sub: 'a\nb' }, 'must not contain control characters'],
  ])('with %j has an impossible user: it %s', async (given, why) => {
    expect(await holderOf(given)).toEqual({
      code: 'unauthorized',
      message: `The user id in the token ${why}.`,
    });
  });

  it('[AUTH3] treats null as an absent claim', async () => {
    expect(await holderOf({ sub: 'u1', name: null, rooms: null, admin: null })).toEqual({
      userId: 'u1',
      expiresAt: NOW + 60_000,
    });
  });

  it.each([{ general: null }, { general: 'king' }, ['general'], 'general', true])(
    'is refused with rooms of %j',
    async (rooms) => {
      expect(await holderOf({ sub: 'u1', rooms })).toEqual({
        code: 'unauthorized',
        message: 'The rooms claim must map room patterns to roles, such as {"team-*":"member"}.',
      });
    },
  );

  it.each(['Bearer ', 'bearer ', 'BEARER  '])('[AUTH6] may follow %j', async (prefix) => {
    const token = await signToken(claims, KEY);
    expect(await who({ token: `${prefix}${token}` })).toMatchObject({ userId: 'alice' });
  });

  it('[AUTH8] cannot belong to a guest', async () => {
    expect(await holderOf({ sub: 'guest:1' })).toEqual({
      code: 'unauthorized',
      message: 'User ids that begin with "guest:" belong to guests.',
    });
  });

  it.each([
    [{ name: 'Alice', username: 'al' }, 'Alice'],
    [{ username: 'al' }, 'al'],
    [{ name: null, username: 'al' }, 'al'],
    [{ name: ' Alice ' }, 'Alice'],
    [{ name: 'Al\u202Eice' }, 'Alice'],
    [{ name: 'e\u0301' }, '\u00E9'],
    [{ name: 'x'.repeat(65) }, 'x'.repeat(64)],
    [{ name: '' }, 'u1'],
    [{ name: '', username: 'uno' }, 'uno'],
    [{ name: '\u3164', username: ' uno' }, 'uno'],
    [{ name: '\u3164', username: '\u2800' }, 'u1'],
    [{ name: 7 }, 'u1'],
    [{ name: 7, username: 'uno' }, 'uno'],
    [{ name: { a: 1 } }, 'u1'],
    [{ name: '\uD800', username: 'uno' }, 'uno'],
  ])('with %j is shown as %s', async (given, name) => {
    expect(await holderOf({ sub: 'u1', ...given })).toMatchObject({ name });
  });

  it('[NAME2] with an invalid name shows the first 64 code points of the user id', async () => {
    expect(await holderOf({ sub: GRIN.repeat(100), name: '' })).toMatchObject({
      name: GRIN.repeat(64),
    });
  });

  it('without a name has no name', async () => {
    expect(await holderOf({ sub: 'u1' })).toEqual({ userId: 'u1', expiresAt: NOW + 60_000 });
  });

  it('is valid until 5 s after exp, and from 5 s before nbf', async () => {
    expect(await holderOf({ sub: 'a', exp: NOW_S - 4 })).toMatchObject({ userId: 'a' });
    expect(await holderOf({ sub: 'a', exp: NOW_S - 5 })).toEqual(EXPIRED);
    expect(await holderOf({ sub: 'a', exp: NOW_S - 3_600 })).toEqual(EXPIRED);
    expect(await holderOf({ sub: 'a', nbf: NOW_S + 5 })).toMatchObject({ userId: 'a' });
    expect(await holderOf({ sub: 'a', nbf: NOW_S + 6 })).toEqual(INVALID_TOKEN);
  });

  it('must have an exp that is a time', async () => {
    const endless = await signToken({ sub: 'alice' }, KEY);
    expect(await who({ token: endless })).toEqual(INVALID_TOKEN);
    for (const exp of ['tomorrow', null, {}, true]) {
      const token = forged({ alg: 'HS256' }, { sub: 'a', exp }, hmac(SECRET));
      expect(await who({ token })).toEqual(INVALID_TOKEN);
    }
  });

  it('may expire in the year 9999, which many use for never', async () => {
    const exp = Date.UTC(9999, 11, 31, 23, 59, 59) / 1_000;
    expect(await holderOf({ sub: 'a', exp })).toMatchObject({ expiresAt: exp * 1_000 });
  });

  it.each([NOW, NOW + 60_000, Date.UTC(1979, 0), 1e308])(
    '[AUTH3] with an exp of %d is refused with a sentence about seconds',
    async (exp) => {
      const token = forged({ alg: 'HS256' }, { sub: 'a', exp }, hmac(SECRET));
      expect(await who({ token })).toEqual({
        code: 'unauthorized',
        message: "The token's exp must be in seconds; this one looks like milliseconds.",
      });
    },
  );

  it('[AUTH3] with an nbf in milliseconds is refused, and with such an iat accepted', async () => {
    expect(await holderOf({ sub: 'a', nbf: NOW })).toEqual({
      code: 'unauthorized',
      message: "The token's nbf must be in seconds; this one looks like milliseconds.",
    });
    expect(await holderOf({ sub: 'a', nbf: 'tomorrow' })).toEqual(INVALID_TOKEN);
    expect(await holderOf({ sub: 'a', iat: NOW })).toMatchObject({ userId: 'a' });
  });

  it('[AUTH1] is at most 4 KiB long, and its length is reported when it is longer', async () => {
    const fits = await padded(2_900);
    expect(fits.length).toBeLessThanOrEqual(4_096);
    expect(await who({ token: fits })).toMatchObject({ userId: 'alice' });
    const tooLong = await padded(3_100);
    expect(tooLong.length).toBeGreaterThan(4_096);
    expect(await who({ token: tooLong })).toEqual({
      code: 'unauthorized',
      message: `The token has ${tooLong.length} bytes, and at most 4096 are taken; put fewer claims into it.`,
    });
  });

  it('names its user in the configured claim only', async () => {
    const checks = { ...rules, userClaim: 'uid' };
    const found = await holderOf({ uid: 'a', sub: 'b', id: 'c' }, { checks });
    expect(found).toMatchObject({ userId: 'a' });
    expect(await holderOf({ uid: 17 }, { checks })).toMatchObject({ userId: '17' });
    for (const given of [{ sub: 'b' }, { uid: '' }, { uid: null }, { uid: ['a'] }]) {
      expect(await holderOf(given, { checks })).toEqual({
        code: 'unauthorized',
        message: 'The token must name its user in uid, with 1 to 128 characters.',
      });
    }
  });

  it('must have the configured issuer and audience', async () => {
    const checks = { ...rules, issuer: 'https://id.example', audience: 'parlor' };
    const iss = 'https://id.example';
    const good = [
      { sub: 'a', iss, aud: 'parlor' },
      { sub: 'a', iss, aud: ['x', 'parlor'] },
    ];
    for (const given of good)
      expect(await holderOf(given, { checks })).toMatchObject({ userId: 'a' });
    const bad = [
      { sub: 'a' },
      { sub: 'a', iss },
      { sub: 'a', aud: 'parlor' },
      { sub: 'a', iss: `${iss}/`, aud: 'parlor' },
      { sub: 'a', iss, aud: 'other' },
      { sub: 'a', iss, aud: [] },
    ];
    for (const given of bad) expect(await holderOf(given, { checks })).toEqual(INVALID_TOKEN);
  });
});

describe('a forged token', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();

  it.each([
    [
      'signed with another secret',
      forged({ alg: 'HS256' }, claims, hmac('another secret of 32 bytes or more')),
    ],
    ['signed with a secret of one byte', forged({ alg: 'HS256' }, claims, hmac('x'))],
    ['signed with nothing', forged({ alg: 'HS256' }, claims, hmac(''))],
    ['without a signature', forged({ alg: 'HS256' }, claims, () => '')],
    ['of alg none', forged({ alg: 'none' }, claims, () => '')],
    ['of alg None with a signature', forged({ alg: 'None' }, claims, hmac(SECRET))],
    ['of HS384', forged({ alg: 'HS384' }, claims, hmac(SECRET, 'sha384'))],
    ['of HS512', forged({ alg: 'HS512' }, claims, hmac(SECRET, 'sha512'))],
    [
      'of RS256',
      forged({ alg: 'RS256' }, claims, (signed) =>
        sign('sha256', Buffer.from(signed), privateKey).toString('base64url'),
      ),
    ],
    ['signed with a public key as the secret', forged({ alg: 'HS256' }, claims, hmac(pem))],
    [
      'that brings its own key',
      forged({ alg: 'HS256', jwk: { kty: 'oct', k: base64('x') } }, claims, hmac('x')),
    ],
    [
      'with an unknown critical header',
      forged({ alg: 'HS256', crit: ['b64'], b64: false }, claims, hmac(SECRET)),
    ],
    ['whose claims are no object', forged({ alg: 'HS256' }, [claims], hmac(SECRET))],
    ['that is no token', 'alice'],
    ['of two words', 'Bearer Bearer alice'],
    ['of dots', '..'],
    ['of four parts', `${forged({ alg: 'HS256' }, claims, hmac(SECRET))}.x`],
  ])('%s is refused', async (_, token) => {
    expect(await who({ token })).toEqual(INVALID_TOKEN);
    expect(await who({ token }, { guests: true })).toEqual(INVALID_TOKEN);
  });

  it('with changed claims is refused', async () => {
    const [header, , signature] = (await signToken(claims, KEY)).split('.');
    const token = [header, base64({ ...claims, sub: 'root' }), signature].join('.');
    expect(await who({ token })).toEqual(INVALID_TOKEN);
  });
});

describe('a guest', () => {
  const guests = true;

  it('is refused when guests are not allowed', async () => {
    const { guestToken } = (await who({}, { guests })) as { guestToken: string };
    const refused = {
      code: 'unauthorized',
      message: 'A token is needed here; sign in to get one.',
    };
    expect(await who({})).toEqual(refused);
    expect(await who({ guestToken })).toEqual(refused);
  });

  it.each(['', 'Bearer', 'Bearer '])('[AUTH8] is created when the token is %j', async (token) => {
    expect(await who({ token }, { guests })).toMatchObject({ guest: true });
    const { guestToken } = (await who({ token }, { guests })) as { guestToken: string };
    const again = await who({ token, guestToken }, { guests });
    expect(again).toMatchObject({ userId: expect.stringMatching(/^guest:/) as string });
    expect(await who({ guestToken }, { guests })).toMatchObject({
      userId: (again as { userId: string }).userId,
    });
    expect(await who({ token })).toEqual({
      code: 'unauthorized',
      message: 'A token is needed here; sign in to get one.',
    });
  });

  it('is not restored by a guest token with "Bearer" before it', async () => {
    const { userId, guestToken } = (await who({}, { guests })) as Record<string, string>;
    const other = await who({ guestToken: `Bearer ${guestToken}` }, { guests });
    expect(other).not.toMatchObject({ userId });
  });

  it('[AUTH8] is a new user each time, but the same one with the guest token', async () => {
    const first = (await who({}, { guests })) as { userId: string; guestToken: string };
    expect(first).toEqual({
      userId: expect.stringMatching(/^guest:[0-9a-f-]{36}$/) as string,
      guest: true,
      guestToken: expect.any(String) as string,
    });
    expect(await who({}, { guests })).not.toMatchObject({ userId: first.userId });
    expect(await who({ guestToken: first.guestToken }, { guests })).toMatchObject({
      userId: first.userId,
      guest: true,
    });
  });

  it('is a new user after 30 days', async () => {
    const first = (await who({}, { guests })) as { userId: string; guestToken: string };
    const day = 86_400_000;
    const { userId, guestToken } = first;
    expect(await who({ guestToken }, { guests, now: NOW + 29 * day })).toMatchObject({ userId });
    expect(await who({ guestToken }, { guests, now: NOW + 31 * day })).not.toMatchObject({
      userId,
    });
  });

  it('is not restored by an ordinary token, and a guest token is no ordinary one', async () => {
    const token = await signToken({ ...claims, sub: 'guest:x' }, KEY);
    expect(await who({ guestToken: token }, { guests })).not.toMatchObject({ userId: 'guest:x' });
    const { guestToken } = (await who({}, { guests })) as { guestToken: string };
    expect(await who({ token: guestToken }, { guests })).toMatchObject({ code: 'unauthorized' });
  });

  it('cannot be forged', async () => {
    const header = { alg: 'HS256', typ: 'parlor-guest+jwt' };
    for (const guestToken of [
      forged(header, { ...claims, sub: 'guest:x' }, hmac('x')),
      forged({ ...header, alg: 'none' }, { ...claims, sub: 'guest:x' }, () => ''),
      'x'.repeat(10_000),
      '',
    ]) {
      expect(await who({ guestToken }, { guests })).not.toMatchObject({ userId: 'guest:x' });
    }
  });

  it('who also sends a token is the user of the token', async () => {
    const { guestToken } = (await who({}, { guests })) as { guestToken: string };
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(KEY);
    expect(await who({ token, guestToken }, { guests })).toMatchObject({ userId: 'alice' });
  });
});

describe('a token that is sent again', () => {
  it('is verified once, and refused when it has expired', async () => {
    let now = NOW;
    const identify = authenticator(rules, false, () => now);
    const token = await padded(1);
    const verify = vi.spyOn(crypto.subtle, 'verify');
    onTestFinished(() => verify.mockRestore());
    const alice = await identify({ token });
    expect(await identify({ token: `Bearer ${token}` })).toEqual(alice);
    expect(verify).toHaveBeenCalledTimes(1);
    now = alice.expiresAt! + 5_000;
    expect(await identify({ token }).catch(problemIn)).toMatchObject(EXPIRED);
  });

  it('makes no other token valid', async () => {
    const identify = authenticator(rules, false, () => NOW);
    const token = await padded(1);
    await identify({ token });
    const [head, , signature] = token.split('.');
    const other = `${head}.${base64({ ...claims, sub: 'mallory' })}.${signature}`;
    for (const wrong of [other, token.slice(0, -1), `${token}A`]) {
      expect(await identify({ token: wrong }).catch(problemIn)).toMatchObject(INVALID_TOKEN);
    }
  });

  it('is verified again after a thousand other tokens', async () => {
    const identify = authenticator(rules, false, () => NOW);
    const token = await padded(1);
    const verify = vi.spyOn(crypto.subtle, 'verify');
    onTestFinished(() => verify.mockRestore());
    await identify({ token });
    for (let at = 0; at < 1_000; at++)
      await identify({ token: await signToken({ ...claims, jti: String(at) }, KEY) });
    await identify({ token });
    expect(verify).toHaveBeenCalledTimes(1_002);
  });
});

it('a token of a key set is verified every time, because its key may be withdrawn', async () => {
  const keySet = { keysFor: () => Promise.resolve([]) };
  const identify = authenticator({ ...rules, keySet }, false, () => NOW);
  const token = await padded(1);
  const verify = vi.spyOn(crypto.subtle, 'verify');
  onTestFinished(() => verify.mockRestore());
  await identify({ token });
  await identify({ token });
  expect(verify).toHaveBeenCalledTimes(2);
});
