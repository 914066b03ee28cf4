import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Authenticate } from '../../auth/authenticator.ts';
import {
  foreignOrigin,
  isHostAllowed,
  isOriginAllowed,
  type OriginRules,
} from '../../auth/origin.ts';
import type { Reply } from '../../protocol/commands.ts';
import {
  errorCodes,
  internalProblem,
  misfit,
  type Problem,
  Refusal,
} from '../../protocol/errors.ts';
import type { Identity } from '../../protocol/identity.ts';
import type { Limits } from '../../protocol/limits.ts';
import type { Asking } from '../../room/room.ts';
import { noUpgrade, readRoomId } from '../native/handshake.ts';
import type { RoomDirectory } from '../room-directory.ts';
import { lifecycleRoutes } from './lifecycle.ts';

/** What the HTTP door needs of its host. */
export interface HttpDoor {
  directory: Pick<RoomDirectory, 'execute'>;
  authenticate: Authenticate;
  origins: OriginRules;
  limits: Limits;
  host: 'node' | 'edge';
  version: string;
  /** Whether the service can do its work right now. */
  isHealthy(): Promise<boolean>;
  /** The native door, where upgrades come as requests. */
  upgrade?: (request: Request) => Promise<Response>;
  /** The Socket.IO door, where it is served from requests. */
  socketIo?: (request: Request) => Promise<Response>;
  /** Routes of development mode. */
  development?: Hono | undefined;
  /** Serves the web client's files. */
  page: MiddlewareHandler;
  log: (what: string, error: unknown) => void;
}

const PROTOCOL = 1;

/** Every route of the service but the sockets; the same on both hosts. */
export function httpDoor(door: HttpDoor): Hono {
  const app = new Hono();
  app.use(checkHost(door.origins), cors(door.origins), securityHeaders);
  app.onError((error, c) => answer(c, error, door.log));

  app.get('/health', async (c) => {
    const ok = await door.isHealthy();
    const { version, host } = door;
    return c.json({ ok, version, protocol: PROTOCOL, host }, ok ? 200 : 503);
  });
  app.get('/rooms/:roomId/ws', (c) => {
    if (door.upgrade === undefined || c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
      throw noUpgrade();
    }
    return door.upgrade(c.req.raw);
  });
  app.route('/rooms/:roomId', roomRoutes(door));
  app.route('/rooms/:roomId', lifecycleRoutes(door));
  const { socketIo } = door;
  if (socketIo !== undefined) {
    app.all('/socket.io/', async (c) => {
      const host = c.req.header('host') ?? new URL(c.req.url).host;
      if (isOriginAllowed(c.req.header('origin'), host, door.origins)) return socketIo(c.req.raw);
      return c.json({ code: 4, message: foreignOrigin().message }, 403);
    });
  }
  if (door.development !== undefined) app.route('/', door.development);
  app.all('/rooms/*', () => notFound());
  app.get('*', door.page);
  app.notFound(() => notFound());
  return app;
}

function roomRoutes({ directory, authenticate, limits }: HttpDoor): Hono {
  const routes = new Hono();
  const identify = (c: Context): Promise<Identity> =>
    authenticate({ token: /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] });

  async function ask<N extends Asking>(c: Context, name: N, payload: unknown): Promise<Reply<N>> {
    const roomId = readRoomId(segmentOf(c));
    const result = await directory.execute(roomId, await identify(c), name, payload);
    if (!result.ok) throw refusalOf(result.error);
    const { ok: _, ...reply } = result;
    return reply as Reply<N>;
  }

  routes.get('/', async (c) => c.json(await ask(c, 'getRoom', {})));
  routes.get('/messages', async (c) =>
    c.json(await ask(c, 'getHistory', query(c, 'before', 'after', 'around', 'limit'))),
  );
  routes.post('/messages', limitBody(limits), async (c) => {
    const reply = await ask(c, 'message', await body(c));
    return c.json(reply, reply.duplicate === true ? 200 : 201);
  });
  routes.get('/missed', async (c) => {
    const { limit } = query(c, 'limit');
    return c.json(await ask(c, 'getMissed', { after: c.req.query('after'), limit }));
  });
  routes.get('/members', async (c) => {
    const { limit } = query(c, 'limit');
    const online = c.req.query('online');
    const after = c.req.query('after');
    return c.json(await ask(c, 'getMembers', { after, limit, online: flagOf(online) }));
  });
  return routes;
}

/** The room's segment of the path as it was sent, so that it is decoded once. */
function segmentOf(c: Context): string {
  return new URL(c.req.url).pathname.split('/')[2] ?? '';
}

/** Numbers of a query; what is no number stays text for the schema to name. */
function query(c: Context, ...names: string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.map((name) => {
      const text = c.req.query(name);
      return [name, text !== undefined && /^\d+$/.test(text) ? Number(text) : text];
    }),
  );
}

function flagOf(text: string | undefined): unknown {
  return text === 'true' || text === 'false' ? text === 'true' : text;
}

function limitBody({ frameBytes }: Limits): MiddlewareHandler {
  return bodyLimit({
    maxSize: frameBytes,
    onError: () => {
      throw new Refusal('too_large', `Keep a request under ${frameBytes} bytes.`);
    },
  });
}

/** JSON must say that it is: a page of elsewhere cannot send it without asking first (CORS). */
async function body(c: Context): Promise<unknown> {
  if (!/^application\/json\b/i.test(c.req.header('content-type') ?? '')) {
    throw new Refusal('invalid_payload', 'Send JSON, with Content-Type: application/json.');
  }
  try {
    return await c.req.json();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw misfit('body', 'must be JSON');
  }
}

function checkHost(rules: OriginRules): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('host') ?? new URL(c.req.url).host;
    if (isHostAllowed(host, rules)) return next();
    const problem = new Refusal('forbidden', wrongHost(host)).problem;
    return c.json({ error: problem }, 421);
  };
}

/** The sentence for a `Host` that development mode does not answer to. */
export function wrongHost(host: string): string {
  return `Development mode answers to localhost only, not to ${JSON.stringify(host.slice(0, 64))}; set PUBLIC_URL to use another name.`;
}

function cors(rules: OriginRules): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header('origin');
    const host = c.req.header('host') ?? new URL(c.req.url).host;
    const isAllowed = origin !== undefined && isOriginAllowed(origin, host, rules);
    c.header('vary', 'Origin');
    if (isAllowed) {
      c.header('access-control-allow-origin', origin);
      c.header('access-control-expose-headers', 'Retry-After');
    }
    if (c.req.method !== 'OPTIONS') return next();
    if (isAllowed) {
      c.header('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE');
      c.header('access-control-allow-headers', 'Authorization, Content-Type, Last-Event-ID');
      c.header('access-control-max-age', '600');
    }
    return c.body(null, 204);
  };
}

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const securityHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  // The response to an upgrade has immutable headers and no page to protect.
  if (c.res.status === 101) return;
  c.header('content-security-policy', CONTENT_SECURITY_POLICY);
  c.header('x-content-type-options', 'nosniff');
  c.header('referrer-policy', 'no-referrer');
};

function notFound(): never {
  throw new NoSuchAddress();
}

/** Not a refusal of a room: nothing here has that path. */
class NoSuchAddress extends Refusal {
  constructor() {
    super('unknown_command', 'There is nothing at this address; see the protocol for the routes.');
  }
}

function refusalOf({ code, message, ...details }: Problem): Refusal {
  return new Refusal(code, message, details);
}

function answer(c: Context, error: unknown, log: HttpDoor['log']): Response {
  if (error instanceof NoSuchAddress) return c.json({ error: error.problem }, 404);
  if (error instanceof Refusal) return c.json(...refusalResponse(error.problem));
  log('http', error);
  return c.json(...refusalResponse(internalProblem));
}

/** A problem as HTTP says it: body, status, headers. */
export function refusalResponse(
  problem: Problem,
): [{ error: Problem }, ContentfulStatusCode, Record<string, string>] {
  const { retryAfterMs } = problem;
  const wait = retryAfterMs ?? (problem.code === 'unavailable' ? 1_000 : undefined);
  return [
    { error: problem },
    errorCodes[problem.code].status,
    wait === undefined ? {} : { 'retry-after': String(Math.ceil(wait / 1_000)) },
  ];
}
