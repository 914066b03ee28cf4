import type { Credentials } from '../../auth/authenticator.ts';
import { bearerIn, hasToken } from '../../auth/credentials.ts';
import { stripBearer } from '../../auth/tokens.ts';
import { Refusal } from '../../protocol/codes/errors.ts';

/** What is read from the request that opened a session; survives structured cloning. */
export interface Handshake {
  /** The token of its `Authorization` header, which clients set with `extraHeaders`. */
  bearer?: string | undefined;
  isTokenInUrl: boolean;
}

export function readHandshake(
  authorization: string | null | undefined,
  query: URLSearchParams,
): Handshake {
  return { bearer: bearerIn(authorization), isTokenInUrl: hasToken(query) };
}

/**
 * A client's credentials: `auth` in its CONNECT packet takes precedence over the header.
 * @throws Refusal `unauthorized` for a token that is not text
 */
export function credentialsOf(
  { token, guestToken }: Record<string, unknown>,
  { bearer, isTokenInUrl }: Handshake,
): Credentials {
  const auth = { token: credential(token), guestToken: credential(guestToken) };
  const isInAuth = stripBearer(auth.token) !== '' || (auth.guestToken ?? '') !== '';
  return { ...auth, ...(!isInAuth && { token: bearer }), isTokenInUrl };
}

function credential(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new Refusal('unauthorized', 'The token must be text.');
}
