import { Refusal } from '../protocol/errors.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Settings } from '../settings.ts';
import { guest, keyOf, type TokenRules, verifyToken } from './tokens.ts';

/** What a client shows to say who it is. */
export interface Credentials {
  token?: string | undefined;
  guestToken?: string | undefined;
}

/** Credentials to identity. Asynchronous, and over before any room is asked. */
export type Authenticate = (credentials: Credentials) => Promise<Identity>;

/** The authenticator that settings ask for; `JWT_SECRET` must be set. */
export function authenticatorOf(
  settings: Pick<Settings, 'JWT_SECRET' | 'JWT_ISSUER' | 'JWT_AUDIENCE'>,
  allowGuests: boolean,
): Authenticate {
  const { JWT_SECRET = '', JWT_ISSUER, JWT_AUDIENCE } = settings;
  const rules = { secret: keyOf(JWT_SECRET), issuer: JWT_ISSUER, audience: JWT_AUDIENCE };
  return authenticator(rules, allowGuests, () => Date.now());
}

/**
 * @param now epoch milliseconds
 * @returns a function that throws a Refusal, `unauthorized` or `token_expired`, for whom it does not know
 */
export function authenticator(
  rules: TokenRules,
  allowGuests: boolean,
  now: () => number,
): Authenticate {
  return async ({ token, guestToken }) => {
    if (token !== undefined) return verifyToken(token, rules, now());
    if (allowGuests) return guest(guestToken, rules.secret, now());
    throw new Refusal('unauthorized', 'A token is needed here; sign in to get one.');
  };
}
