import { Hono } from 'hono';
import { claimsFor, type KeySettings } from '../../auth/authenticator.ts';
import { keyOf, signToken } from '../../auth/tokens.ts';
import { reservedPrefix } from '../../protocol/identity.ts';
import { wrongUserId, wrongUsername } from '../../protocol/text.ts';

/** How long a token of development mode is valid, in seconds. */
const LASTS_S = 24 * 60 * 60;

/** `GET /test-token?username=`, with `bot=true` for a program: a token for any name. Development mode only. */
export function testTokenRoute(settings: Partial<KeySettings>): Hono {
  const key = keyOf(settings.JWT_SECRET ?? '');
  return new Hono().get('/test-token', async (c) => {
    const username = c.req.query('username') ?? '';
    const why = wrongUsername(username) ?? wrongUserId(username) ?? wrongSubject(username);
    if (why !== undefined) return c.text(`username ${why}.\n`, 400);
    c.header('cache-control', 'no-store');
    const exp = Math.floor(Date.now() / 1_000) + LASTS_S;
    const isBot = c.req.query('bot') === 'true';
    const claims = { name: username, exp, ...(isBot && { bot: true }) };
    return c.text(await signToken({ ...claimsFor(username, settings), ...claims }, key));
  });
}

function wrongSubject(username: string): string | undefined {
  const prefix = reservedPrefix(username);
  return prefix === undefined ? undefined : `must not begin with "${prefix}"`;
}
