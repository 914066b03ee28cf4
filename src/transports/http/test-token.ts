import { Hono } from 'hono';
import { keyOf, signToken } from '../../auth/tokens.ts';
import { GUEST_PREFIX } from '../../protocol/identity.ts';
import { wrongUserId, wrongUsername } from '../../protocol/text.ts';
import type { Settings } from '../../settings/settings.ts';

/** How long a token of development mode holds, in seconds. */
const LASTS_S = 24 * 60 * 60;

/** What tokens are signed with, and must say beside who it is. */
type Signing = Pick<Settings, 'JWT_SECRET' | 'JWT_USER_CLAIM' | 'JWT_ISSUER' | 'JWT_AUDIENCE'>;

/** `GET /test-token?username=`, with `bot=true` for a program: a token for any name. Development mode only. */
export function testTokenRoute(signing: Signing): Hono {
  const { JWT_SECRET = '', JWT_USER_CLAIM = 'sub', JWT_ISSUER, JWT_AUDIENCE } = signing;
  const claims = {
    ...(JWT_ISSUER !== undefined && { iss: JWT_ISSUER }),
    ...(JWT_AUDIENCE !== undefined && { aud: JWT_AUDIENCE }),
  };
  return new Hono().get('/test-token', async (c) => {
    const username = c.req.query('username') ?? '';
    const why = wrongUsername(username) ?? wrongUserId(username) ?? wrongSubject(username);
    if (why !== undefined) return c.text(`username ${why}.\n`, 400);
    c.header('cache-control', 'no-store');
    const exp = Math.floor(Date.now() / 1_000) + LASTS_S;
    const isBot = c.req.query('bot') === 'true';
    const who = { [JWT_USER_CLAIM]: username, name: username, exp, ...(isBot && { bot: true }) };
    return c.text(await signToken({ ...who, ...claims }, keyOf(JWT_SECRET)));
  });
}

function wrongSubject(username: string): string | undefined {
  return username.startsWith(GUEST_PREFIX) ? `must not begin with "${GUEST_PREFIX}"` : undefined;
}
