import { Hono } from 'hono';
import { signToken } from '../../auth/tokens.ts';
import { GUEST_PREFIX } from '../../protocol/identity.ts';
import { wrongUsername } from '../../protocol/text.ts';

/** How long a token of development mode holds, in seconds. */
const LASTS_S = 24 * 60 * 60;

/** Claims that `/test-token` and `npm run token` sign for a name. */
function testClaims(username: string, now: number) {
  return { sub: username, name: username, exp: Math.floor(now / 1_000) + LASTS_S };
}

/** `GET /test-token?username=`: a token for whoever asks. Development mode only. */
export function testTokenRoute(secret: Uint8Array): Hono {
  return new Hono().get('/test-token', async (c) => {
    const username = c.req.query('username') ?? '';
    const why = wrongUsername(username) ?? wrongSubject(username);
    if (why !== undefined) return c.text(`username ${why}.\n`, 400);
    c.header('cache-control', 'no-store');
    return c.text(await signToken(testClaims(username, Date.now()), secret));
  });
}

function wrongSubject(username: string): string | undefined {
  return username.startsWith(GUEST_PREFIX) ? `must not begin with "${GUEST_PREFIX}"` : undefined;
}
