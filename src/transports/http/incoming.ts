import { refusalOf } from '../../protocol/codes/errors.ts';
import type { Context, Hono } from 'hono';
import { FOREIGN_KEY_RATE } from '../../admission/policies.ts';
import { RateLimits } from '../../room/access/rate-limits.ts';
import { HOOK_PREFIX } from '../../protocol/identity.ts';
import type { Limits } from '../../protocol/codes/limits.ts';
import { hexOf } from '../../protocol/text.ts';
import { textOf } from './body-text.ts';
import type { HttpTransport, Identify } from './http-transport.ts';
import {
  assertReadable,
  bodyFields,
  limitBody,
  pathFields,
  roomIdOf,
  text as asText,
} from './request-parts.ts';
import { isDuplicate } from './room-routes.ts';

const PATH = '/rooms/:roomId/incoming';
/** OpenAPI allows a segment one name: where a webhook is revoked it is the id, here the key. */
const KEY_PATH = `${PATH}/:id`;

/** Adds the routes of incoming webhooks: making the address of one, and sending a message to it. */
export function addIncomingRoutes(app: Hono, transport: HttpTransport, identify: Identify): void {
  const { directory, limits, incomingKeys } = transport;
  const foreign = new RateLimits(FOREIGN_KEY_RATE, { now: () => Date.now() });

  app.put(PATH, limitBody(limits), async (c) => {
    const roomId = roomIdOf(c);
    const identity = await identify(c);
    const { name } = (await bodyFields(c, limits, false)) as { name?: unknown };
    const key = await incomingKeys.make(roomId);
    const payload = { name, keyHash: await hashOf(key) };
    const result = await directory.execute(roomId, identity, 'makeIncoming', payload);
    if (!result.ok) throw refusalOf(result.error);
    const origin = transport.origins.publicOrigin ?? new URL(c.req.url).origin;
    const url = `${origin}/rooms/${encodeURIComponent(roomId)}/incoming/${key}`;
    return c.json({ incoming: result.incoming, url });
  });

  // The key is the only credential here. At the edge each key is limited like a user.
  app.post(KEY_PATH, limitBody(limits), async (c) => {
    const roomId = roomIdOf(c);
    const { id: key = '' } = pathFields(c, KEY_PATH, { id: asText }) as { id?: string };
    // An invented key would wake a room for nothing, but one from an earlier secret may be valid.
    if (!(await incomingKeys.mayBeGenuine(roomId, key))) foreign.charge('');
    const keyHash = await hashOf(key);
    const message = await messageIn(c, limits);
    const id = c.req.header('idempotency-key');
    const payload = { ...message, keyHash, ...(id !== undefined && { id }) };
    const identity = { userId: `${HOOK_PREFIX}${keyHash.slice(0, 16)}` };
    const result = await directory.execute(roomId, identity, 'sayIncoming', payload);
    if (!result.ok) throw refusalOf(result.error);
    transport.onAuthenticated?.(c);
    const { ok: _, ...reply } = result;
    return c.json(reply, isDuplicate(reply) ? 200 : 201);
  });
}

/** SHA-256, in hexadecimal digits: enough for a key of 256 random bits. */
async function hashOf(key: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key));
  return hexOf(new Uint8Array(hash));
}

/** Reads `{ text, username? }`, which alerting tools send to Slack, or takes the whole body as the text. */
async function messageIn(
  c: Context,
  limits: Limits,
): Promise<{ text?: unknown; username?: unknown }> {
  if (/^application\/json\b/i.test(c.req.header('content-type') ?? '')) {
    const { text, username } = (await bodyFields(c, limits, false)) as Record<string, unknown>;
    return { text, username };
  }
  assertReadable(c);
  return { text: textOf(await c.req.arrayBuffer()).trim() };
}
