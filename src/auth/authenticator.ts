import type { JWTPayload } from 'jose';
import { type ErrorCode, Refusal } from '../protocol/codes/errors.ts';
import type { Identity } from '../protocol/identity.ts';
import { describeError, type HostLog } from '../observability/logger.ts';
import type { Settings } from '../settings/settings.ts';
import { keySetAt } from './key-set.ts';
import { KnownTokens } from './known-tokens.ts';
import { stripBearer, guestIdentity, keyOf, type TokenRules, verifyToken } from './tokens.ts';

/** Credentials of a client; an empty token counts as absent. */
export interface Credentials {
  /** The token, alone or after `Bearer ` as in a header. */
  token?: string | undefined;
  guestToken?: string | undefined;
  /** Whether the URL holds a token, where it is not accepted. */
  isTokenInUrl?: boolean | undefined;
}

/** Turns credentials into an identity. Asynchronous, and finished before any room is asked. */
export type Authenticate = (credentials: Credentials) => Promise<Identity>;

/** The settings that an authenticator uses. */
export type KeySettings = Pick<
  Settings,
  | 'JWT_SECRET'
  | 'JWT_SECRET_OLD'
  | 'JWT_JWKS_URL'
  | 'JWT_USER_CLAIM'
  | 'JWT_ISSUER'
  | 'JWT_AUDIENCE'
>;

/**
 * The authenticator that the settings configure; `wrongKeys` checks the settings.
 * @param log gets an event when the key server does not answer
 */
export function authenticatorOf(
  settings: Partial<KeySettings>,
  allowGuests: boolean,
  log?: HostLog,
): Authenticate {
  const { JWT_SECRET, JWT_SECRET_OLD, JWT_JWKS_URL, JWT_ISSUER, JWT_AUDIENCE } = settings;
  const secrets = [JWT_SECRET, JWT_SECRET_OLD].filter((secret) => secret !== undefined);
  const rules = {
    secrets: secrets.map((secret) => keyOf(secret)),
    keySet:
      JWT_JWKS_URL === undefined
        ? undefined
        : keySetAt(JWT_JWKS_URL, (error) => logKeyServerFailure(log, error)),
    userClaim: settings.JWT_USER_CLAIM,
    issuer: JWT_ISSUER,
    audience: JWT_AUDIENCE,
  };
  return authenticator(rules, allowGuests, () => Date.now());
}

/** The claims of a token that is signed here for a user, so that it is valid with these settings. */
export function claimsFor(
  userId: string,
  { JWT_USER_CLAIM = 'sub', JWT_ISSUER, JWT_AUDIENCE }: Partial<KeySettings>,
): JWTPayload {
  return {
    [JWT_USER_CLAIM]: userId,
    ...(JWT_ISSUER !== undefined && { iss: JWT_ISSUER }),
    ...(JWT_AUDIENCE !== undefined && { aud: JWT_AUDIENCE }),
  };
}

/** An authenticator that counts refusals by their code. */
export function countingRefusals(
  authenticate: Authenticate,
  count: (code: ErrorCode) => void,
): Authenticate {
  return async (credentials) => {
    try {
      return await authenticate(credentials);
    } catch (error) {
      if (error instanceof Refusal) count(error.code);
      throw error;
    }
  };
}

function logKeyServerFailure(log: HostLog | undefined, error: unknown): void {
  log?.event?.('warn', 'key server does not answer', describeError(error));
}

const TOKEN_IN_URL =
  'A token in a URL ends up in logs and does not count: send it in auth: { token } with Socket.IO, in the header Authorization: Bearer … over HTTP, or in the subprotocol bearer.… of a WebSocket.';

/**
 * @param now epoch milliseconds
 * @returns a function that throws a Refusal: `unauthorized` or `token_expired` for credentials that are
 * not valid, `unavailable` while the key server does not answer
 */
export function authenticator(
  rules: TokenRules,
  allowGuests: boolean,
  now: () => number,
): Authenticate {
  // With a key set identities are not cached: it may withdraw a key at any time.
  const known = rules.keySet === undefined ? new KnownTokens() : undefined;
  const verify = async (token: string) => {
    const identity = await verifyToken(token, rules, now());
    known?.add(token, identity);
    return identity;
  };
  return async ({ token, guestToken, isTokenInUrl }) => {
    const bare = stripBearer(token);
    if (bare !== '') return known?.get(bare, now()) ?? verify(bare);
    // Also where guests are allowed: a client that sends a token does not want to be a guest.
    if (isTokenInUrl === true) throw new Refusal('unauthorized', TOKEN_IN_URL);
    if (allowGuests) return guestIdentity(guestToken, rules.secrets, now());
    throw new Refusal('unauthorized', 'A token is needed here; sign in to get one.');
  };
}
