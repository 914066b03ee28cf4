import { type CryptoKey, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import * as z from 'zod';
import { keyOf } from '../auth/tokens.ts';
import type { Identity } from '../protocol/identity.ts';
import { internalProblem, type Problem, unavailableProblem } from '../protocol/codes/errors.ts';
import { accessOf } from '../room/access/access.ts';
import type { Settings } from '../settings/settings.ts';
import { roleSchema } from '../protocol/objects.ts';

const ALGORITHM = 'HS256';
/** Separates file tokens from all other tokens. */
const TYPE = 'parlor-file+jwt';
const PURPOSE = 'parlor file tokens';
/** How long a token is valid at least, in milliseconds. */
const HOLDS_MS = 3_600_000;
/**
 * The longest token that is checked, in characters: one with the longest user id and room
 * id is shorter.
 */
const MAX_LENGTH = 2_048;

/** What the room needs to know about a reader: nothing else is in a token. */
const claimsSchema = z.object({
  sub: z.string(),
  role: roleSchema.optional(),
  admin: z.literal(true).optional(),
  guest: z.literal(true).optional(),
});

/**
 * Signs and checks the tokens with which a browser's own requests, such as an `<img>`, read the files
 * of one room for one user. A token names its room (`aud`), its user, and the role that the user's own
 * token grants there; the room still decides about each request, so a ban takes effect. Tokens expire
 * at full hours, so that addresses stay the same, and cached, for an hour: a token is valid for one to
 * two hours.
 */
export class FileTokens {
  readonly #key: Promise<CryptoKey>;

  /** @param secret 32 bytes or more; the key is derived from it, so that it signs nothing else */
  constructor(secret: Uint8Array) {
    this.#key = derive(secret);
  }

  /**
   * A token for a reader of a room, and when it expires, in epoch milliseconds.
   * @param role the one that the reader's own token grants in this room, if any
   */
  async make(
    roomId: string,
    { userId, admin, guest }: Identity,
    role: z.infer<typeof roleSchema> | undefined,
    now: number,
  ): Promise<{ fileToken: string; expiresAt: number }> {
    const expiresAt = (Math.floor(now / HOLDS_MS) + 2) * HOLDS_MS;
    const claims = { sub: userId, role, admin, guest, aud: roomId, exp: expiresAt / 1_000 };
    const fileToken = await new SignJWT(JSON.parse(JSON.stringify(claims)) as JWTPayload)
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
      .sign(await this.#key);
    return { fileToken, expiresAt };
  }

  /** The user of a token; undefined if it is not valid for this room now. */
  async readerOf(token: string, roomId: string, now: number): Promise<Identity | undefined> {
    if (token.length > MAX_LENGTH) return undefined;
    try {
      const { payload } = await jwtVerify(token, await this.#key, {
        algorithms: [ALGORITHM],
        typ: TYPE,
        audience: roomId,
        requiredClaims: ['exp', 'sub'],
        currentDate: new Date(now),
      });
      const { sub, role, admin, guest } = claimsSchema.parse(payload);
      const expiresAt = (payload.exp ?? 0) * 1_000;
      return {
        userId: sub,
        ...(role !== undefined && { rooms: { [roomId]: role } }),
        ...(admin && { admin }),
        ...(guest && { guest }),
        expiresAt,
      };
    } catch {
      return undefined;
    }
  }
}

/** The file tokens of a deployment; undefined where it has no secret to derive their key from. */
export function fileTokensOf({
  FILES_SECRET,
  JWT_SECRET,
}: Pick<Settings, 'FILES_SECRET' | 'JWT_SECRET'>): FileTokens | undefined {
  const secret = FILES_SECRET ?? JWT_SECRET;
  return secret === undefined ? undefined : new FileTokens(keyOf(secret));
}

/** The answer to `getFileToken`. Never rejects. */
export async function fileTokenFor(
  tokens: FileTokens | undefined,
  identity: Identity,
  roomId: string,
): Promise<{ fileToken: string; expiresAt: number } | Problem> {
  if (tokens === undefined) return { ...unavailableProblem, message: NO_SECRET };
  try {
    const { isGranted, role } = accessOf(identity, roomId, undefined);
    return await tokens.make(roomId, identity, isGranted ? role : undefined, Date.now());
  } catch {
    return internalProblem;
  }
}

const NO_SECRET =
  'Set FILES_SECRET to what "openssl rand -hex 32" prints: addresses of files are signed with it.';

/** A key for this purpose alone: neither it nor its signatures reveal the secret. */
async function derive(secret: Uint8Array): Promise<CryptoKey> {
  const bytes = await crypto.subtle.sign('HMAC', await importKey(secret), keyOf(PURPOSE));
  return importKey(new Uint8Array(bytes));
}

function importKey(bytes: Uint8Array): Promise<CryptoKey> {
  const form = { name: 'HMAC', hash: 'SHA-256' };
  return crypto.subtle.importKey('raw', bytes, form, false, ['sign', 'verify']);
}
