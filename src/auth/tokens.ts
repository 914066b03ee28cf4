import {
  type CryptoKey,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
  SignJWT,
} from 'jose';
import * as z from 'zod';
import { Refusal } from '../protocol/codes/errors.ts';
import { GUEST_PREFIX, type Identity, reservedPrefix } from '../protocol/identity.ts';
import { fixed } from '../protocol/codes/limits.ts';
import { displayName } from '../protocol/display-name.ts';
import { nameOfId, utf8Bytes, wrongUserId } from '../protocol/text.ts';
import { isPublicAlgorithm, type KeySet } from './key-set.ts';

/** How tokens are checked. Set by the operator, never by a token. */
export interface TokenRules {
  /**
   * Keys of HS256, each of 32 bytes or more: the first signs guest tokens, and tokens signed with any
   * of them are valid. Empty where only a key set is used.
   */
  secrets: readonly Uint8Array[];
  /** Public keys; without it no token signed with such a key is valid. */
  keySet?: Pick<KeySet, 'keysFor'> | undefined;
  /** The claim that names the user; without it `sub`, or `id` where there is no `sub`. */
  userClaim?: string | undefined;
  issuer?: string | undefined;
  audience?: string | undefined;
}

const grantsSchema = z
  .record(z.string(), z.enum(['owner', 'moderator', 'member', 'viewer']))
  .nullish();

const ALGORITHM = 'HS256';
/** Separates guest tokens from other tokens. */
const GUEST_TYPE = 'parlor-guest+jwt';
/** A guest who returns later than this gets a new identity. */
const GUEST_DAYS = 30;
/**
 * Times in tokens are below this: the beginning of the year 10000 in seconds, because 9999-12-31 is a
 * common way to write "never". As milliseconds it is January 1978, so every later time in milliseconds
 * is above it.
 */
const MAX_SECONDS = 253_402_300_800;

/** A token without the `Bearer ` of a header, which many clients send along; '' without a token. */
export function stripBearer(token = ''): string {
  return token.replace(/^Bearer( +|$)/i, '');
}

/** The key of a secret given as text. */
export function keyOf(secret: string): Uint8Array {
  return new TextEncoder().encode(secret);
}

/**
 * The identity in a token.
 * @param now epoch milliseconds
 * @throws Refusal `token_expired`, or `unauthorized` for any other token that is not valid
 */
export async function verifyToken(
  token: string,
  rules: TokenRules,
  now: number,
): Promise<Identity> {
  const claims = await verified(token, rules, now);
  assertSeconds(claims, 'exp');
  const userId = userIdOf(claims, rules.userClaim);
  const expiresAt = (claims.exp ?? 0) * 1_000;
  return { userId, ...nameIn(claims, userId), ...rightsIn(claims), expiresAt };
}

/** Signs a token for `npm run token`, `/test-token` and tests. */
export async function signToken(
  claims: JWTPayload & { name?: string },
  secret: Uint8Array,
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' }).sign(secret);
}

/** A guest: the one to whom `guestToken` was given, or a new one without it or if it is not valid. */
export async function guestIdentity(
  guestToken: string | undefined,
  [secret, ...old]: readonly Uint8Array[],
  now: number,
): Promise<Identity> {
  if (secret === undefined) throw new Error('Guests need a secret that signs their tokens.');
  const known = guestToken && (await guestIdIn(guestToken, [secret, ...old], now));
  const userId = known || `${GUEST_PREFIX}${crypto.randomUUID()}`;
  return { userId, guest: true, guestToken: await guestTokenOf(userId, secret, now) };
}

async function guestTokenOf(userId: string, secret: Uint8Array, now: number): Promise<string> {
  return new SignJWT({ sub: userId, exp: Math.floor(now / 1_000) + GUEST_DAYS * 86_400 })
    .setProtectedHeader({ alg: ALGORITHM, typ: GUEST_TYPE })
    .sign(secret);
}

async function guestIdIn(
  token: string,
  secrets: readonly Uint8Array[],
  now: number,
): Promise<string | undefined> {
  if (token.length > fixed.tokenBytes) return undefined;
  try {
    const { sub } = await verifyWithAny(token, secrets, {
      algorithms: [ALGORITHM],
      typ: GUEST_TYPE,
      currentDate: new Date(now),
      requiredClaims: ['exp', 'sub'],
    });
    return sub;
  } catch {
    return undefined;
  }
}

async function verified(token: string, rules: TokenRules, now: number): Promise<JWTPayload> {
  assertSize(token);
  const { issuer, audience } = rules;
  try {
    const { keys, algorithm } = await keysOf(token, rules);
    return await verifyWithAny(token, keys, {
      algorithms: [algorithm],
      requiredClaims: ['exp'],
      clockTolerance: fixed.clockToleranceMs / 1_000,
      currentDate: new Date(now),
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    });
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (error instanceof errors.JWTExpired) {
      throw new Refusal('token_expired', 'The token has expired; get a new one.');
    }
    if (error instanceof errors.JWTClaimValidationFailed) assertSeconds(error.payload, 'nbf');
    throw unauthorized('The token is not valid; get a new one.');
  }
}

/**
 * The keys with which a token may have been signed. Its header only chooses among the configured keys,
 * and each algorithm has keys of its own kind: a public key is never the key of an HMAC.
 */
async function keysOf(
  token: string,
  { secrets, keySet }: TokenRules,
): Promise<{ keys: readonly (Uint8Array | CryptoKey)[]; algorithm: string }> {
  const { alg, kid } = decodeProtectedHeader(token);
  if (alg !== undefined && isPublicAlgorithm(alg) && keySet !== undefined) {
    return { keys: await keySet.keysFor({ alg, kid }), algorithm: alg };
  }
  return { keys: secrets, algorithm: ALGORITHM };
}

/** @throws what jose throws; a signature is wrong only if it is wrong for every key */
async function verifyWithAny(
  token: string,
  keys: readonly (Uint8Array | CryptoKey)[],
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  for (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

function assertSize(token: string): void {
  const bytes = utf8Bytes(token);
  if (bytes <= fixed.tokenBytes) return;
  throw unauthorized(
    `The token has ${bytes} bytes, and at most ${fixed.tokenBytes} are taken; put fewer claims into it.`,
  );
}

/** @throws Refusal for a time in milliseconds: as seconds it would be 50,000 years away */
function assertSeconds(claims: JWTPayload, name: 'exp' | 'nbf'): void {
  const time: unknown = claims[name];
  if (typeof time !== 'number' || time < MAX_SECONDS) return;
  throw unauthorized(`The token's ${name} must be in seconds; this one looks like milliseconds.`);
}

function userIdOf(claims: JWTPayload, userClaim: string | undefined): string {
  const names = userClaim === undefined ? ['sub', 'id'] : [userClaim];
  const claim = names.map((name) => claims[name]).find((one) => (one ?? '') !== '');
  const userId = Number.isSafeInteger(claim) ? String(claim) : claim;
  if (typeof userId !== 'string') {
    throw unauthorized(
      `The token must name its user in ${userClaim ?? 'sub'}, with 1 to 128 characters.`,
    );
  }
  const wrong = wrongUserId(userId);
  if (wrong !== undefined) throw unauthorized(`The user id in the token ${wrong}.`);
  const prefix = reservedPrefix(userId);
  if (prefix !== undefined) {
    const owners = prefix === GUEST_PREFIX ? 'guests' : 'incoming webhooks';
    throw unauthorized(`User ids that begin with "${prefix}" belong to ${owners}.`);
  }
  return userId;
}

/** The first of the claims that is a usable name; the user id where there are claims but none is usable. */
function nameIn(claims: JWTPayload, userId: string): { name?: string } {
  const claimed = [claims['name'], claims['username']].filter((claim) => claim != null);
  if (claimed.length === 0) return {};
  const names = claimed.map((claim) =>
    typeof claim === 'string' ? displayName(claim) : undefined,
  );
  return { name: names.find((name) => name !== undefined) ?? nameOfId(userId) };
}

/**
 * Roles by room pattern, `admin: true` and `bot: true`.
 * @throws Refusal for a `rooms` claim of another form
 */
function rightsIn({ rooms, admin, bot }: JWTPayload): Pick<Identity, 'rooms' | 'admin' | 'bot'> {
  const result = grantsSchema.safeParse(rooms);
  if (!result.success) {
    throw unauthorized(
      'The rooms claim must map room patterns to roles, such as {"team-*":"member"}.',
    );
  }
  return {
    ...(result.data && { rooms: result.data }),
    ...(admin === true && { admin }),
    ...(bot === true && { bot }),
  };
}

function unauthorized(message: string): Refusal {
  return new Refusal('unauthorized', message);
}
