import type { Settings } from './settings.ts';

/** The shortest `JWT_SECRET`, in bytes: HS256 requires a key as long as its hash (RFC 7518, 3.2). */
export const SECRET_BYTES = 32;

/** The secret that `.env.example` shows: it is public, so it protects nothing. */
export const EXAMPLE_SECRET = 'your_super_secret_32_characters_long_JWT_Token';

/** Why a host that other machines can reach refuses the example secret. */
const EXAMPLE_SECRET_REFUSED =
  'JWT_SECRET is still the example, which everybody knows: set it to a secret of your own, for example to what "openssl rand -hex 32" prints.';

/**
 * Why these settings cannot verify any token; undefined where they can.
 * @param isLocal whether only this machine can reach the host, so that the example secret is accepted
 */
export function wrongKeys(
  settings: Pick<Settings, 'JWT_SECRET' | 'JWT_SECRET_OLD' | 'JWT_JWKS_URL'>,
  { isLocal, allowGuests, noKeys }: { isLocal: boolean; allowGuests: boolean; noKeys: string },
): string | undefined {
  const { JWT_SECRET, JWT_SECRET_OLD, JWT_JWKS_URL } = settings;
  if (JWT_SECRET === undefined) {
    if (JWT_JWKS_URL === undefined) return noKeys;
    if (JWT_SECRET_OLD !== undefined) return 'JWT_SECRET_OLD needs JWT_SECRET, which replaces it.';
    if (allowGuests) return 'ALLOW_GUESTS needs JWT_SECRET, which signs the tokens of guests.';
  }
  if (isLocal) return undefined;
  if (JWT_SECRET === EXAMPLE_SECRET) return EXAMPLE_SECRET_REFUSED;
  return JWT_SECRET_OLD === EXAMPLE_SECRET
    ? 'JWT_SECRET_OLD is the example, which everybody knows: leave it out.'
    : undefined;
}

/** Completes the sentence "<setting> …" for a secret that is too short. */
export function wrongSecret(value: string): string | undefined {
  return new TextEncoder().encode(value).byteLength >= SECRET_BYTES
    ? undefined
    : `must be at least ${SECRET_BYTES} bytes long`;
}

/**
 * Why a text is not valid as an address that the page loads or opens: an https URL, or a path of
 * this service.
 */
export function wrongPageUrl(value: string): string | undefined {
  if (/^\/(?!\/)\S*$/.test(value)) return undefined;
  return wrongKeySetUrl(value) === undefined
    ? undefined
    : 'must be an https URL, or a path such as /sign-in';
}

/** Why a text is not valid as the address of a key set. */
export function wrongKeySetUrl(value: string): string | undefined {
  // A key set that is sent unencrypted can be replaced on its way.
  return isSecureUrl(value)
    ? undefined
    : 'must be an https URL such as https://id.example.com/.well-known/jwks.json';
}

/** Whether a text is an https URL, or an http URL of this machine, without a user or password. */
export function isSecureUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  if (username !== '' || password !== '') return false;
  const isOfThisMachine = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && isOfThisMachine);
}
