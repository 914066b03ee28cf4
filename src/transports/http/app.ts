import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { foreignOrigin } from '../../auth/origin.ts';
import { costFor, type Identity } from '../../protocol/identity.ts';
import { noUpgrade } from '../native/handshake.ts';
import { commandRate, RateLimits } from '../../room/access/rate-limits.ts';
import { limitsInAllRooms } from '../../admission/policies.ts';
import { refusalReply, SOCKETIO_PATHS } from '../../socketio-server/engine-request.ts';
import { toResponse } from '../../socketio-server/http-reply.ts';
import { delayRefusal } from '../../admission/delay-refusal.ts';
import { asyncApi } from './asyncapi.ts';
import { browserHeaders, checkHost, hostOf, preflight, setHeaders } from './browser-rules.ts';
import { eventsRoute, inboxEventsRoute } from './events-route.ts';
import { addFileRoutes } from './files.ts';
import { refusalOf } from '../../protocol/codes/errors.ts';
import type { HttpTransport, Identify } from './http-transport.ts';
import { addHookRoutes, assertAdmin } from './hook-routes.ts';
import { addIncomingRoutes } from './incoming.ts';
import { addInboxRoutes, pushKeyRoute } from './inbox-routes.ts';
import { lifecycleRoutes } from './lifecycle.ts';
import { methodsAt } from './methods.ts';
import { descriptionRoute, openApi } from './openapi.ts';
import { answerError, noSuchAddress, wrongMethod } from './refusals.ts';
import {
  withQueryFieldName,
  bodyFields,
  credentialsOf,
  limitBody,
  pathFields,
  queryFields,
  roomIdOf,
} from './request-parts.ts';
import { type RoomRoute, roomRoutes, isDuplicate } from './room-routes.ts';

export { browserHeaders, wrongHost } from './browser-rules.ts';
export { pageSettingsOf } from './page-settings.ts';
export { refusalResponse } from './refusals.ts';

const PROTOCOL = 1;

/** Every HTTP route of the service; the same on both hosts. */
export function httpTransport(transport: HttpTransport): Hono {
  const app = new Hono();
  app.use(
    browserHeaders(transport.origins, transport.pageSettings),
    checkHost(transport.origins),
    preflight,
    delayRefusals,
  );
  app.onError((error, c) => answerError(c, error, transport.log));

  app.get('/health', (c) => health(c, transport));
  const { version, application } = transport;
  app.get('/openapi.json', descriptionRoute(openApi, version, application));
  app.get('/asyncapi.json', descriptionRoute(asyncApi, version, application));
  app.on('GET', ['/rooms/:roomId/ws', '/inbox/ws'], (c) => {
    if (transport.upgrade === undefined || c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
      throw noUpgrade();
    }
    return transport.upgrade(c.req.raw);
  });
  const rates = new RateLimits(commandRate(limitsInAllRooms(transport.limits)), {
    now: () => Date.now(),
  });
  const charge = (identity: Identity) => {
    if (!isExempt(identity)) rates.charge(identity.userId, costFor(identity));
  };
  const identify: Identify = async (c) => {
    const identity = await transport.authenticate(credentialsOf(c));
    transport.onAuthenticated?.(c);
    charge(identity);
    return identity;
  };
  for (const path of OWN_PATHS) app.use(path, unstored);
  for (const route of roomRoutes) addRoute(app, route, transport, identify);
  addFileRoutes(app, transport, identify, charge);
  addIncomingRoutes(app, transport, identify);
  addHookRoutes(app, transport, identify);
  app.get('/rooms/:roomId/events', eventsRoute(transport, identify));
  app.route('/rooms/:roomId', lifecycleRoutes(transport));
  addInboxRoutes(app, transport, identify);
  app.get('/push/key', pushKeyRoute(transport));
  app.get('/inbox/events', inboxEventsRoute(transport, identify));
  const { socketIo } = transport;
  if (socketIo !== undefined) {
    app.on('ALL', [...SOCKETIO_PATHS], async (c) => {
      if (transport.origins.allows(c.req.header('origin'), hostOf(c))) return socketIo(c.req.raw);
      return toResponse(refusalReply('forbidden', foreignOrigin().message));
    });
  }
  if (transport.development !== undefined) app.route('/', transport.development);
  for (const path of OWN_PATHS) app.all(path, (c) => notFound(app, c));
  app.get('/page.json', (c) =>
    c.json(transport.pageSettings, 200, { 'cache-control': 'no-cache' }),
  );
  app.get('*', pageCaching, transport.page);
  app.notFound((c) => notFound(app, c));
  return app;
}

async function health(c: Context, transport: HttpTransport): Promise<Response> {
  const ok = await transport.isHealthy();
  const { version, host, limits, authenticate, hooks, backend } = transport;
  const { messageBytes } = limits;
  const health = { ok, version, protocol: PROTOCOL, host, messageBytes };
  const status = ok ? 200 : 503;
  if (c.req.query('details') === undefined) return c.json(health, status);
  assertAdmin((await authenticate(credentialsOf(c))).admin);
  const details = {
    ...(hooks && { webhook: await hooks.summary() }),
    ...(backend && { beforeMessage: await backend() }),
  };
  return c.json({ ...health, ...details }, status);
}

/** The page's files that are named after their content, as `web/build.ts` does. */
const IS_HASHED = /^\/[\w-]+-[A-Z0-9]{8}\.(js|css)$/;

/** Browsers ask for the index every time, and may keep the hashed files that it names for a year. */
const pageCaching: MiddlewareHandler = async (c, next) => {
  await next();
  const isThere = c.res.ok || c.res.status === 304;
  const isKept = isThere && IS_HASHED.test(c.req.path);
  c.header('cache-control', isKept ? 'public, max-age=31536000, immutable' : 'no-cache');
  // An answer that is not compressed depends on this header, too.
  if (!/accept-encoding/i.test(c.res.headers.get('vary') ?? '')) {
    c.header('vary', 'Accept-Encoding', { append: true });
  }
};

/** Paths of rooms and inboxes: the page has no files here. */
export const OWN_PATHS = [
  '/rooms/*',
  '/inbox',
  '/inbox/*',
  '/directs',
  '/blocks',
  '/blocks/*',
  '/users/*',
  '/push/*',
] as const;

/** Admins are trusted. A guest has a new id in every request, so rooms limit their guests together. */
const isExempt = ({ admin, guest }: Identity) => admin === true || guest === true;

/** Adds a route that parses, authenticates and forwards. */
function addRoute(app: Hono, route: RoomRoute, transport: HttpTransport, identify: Identify): void {
  const { operation, fields, query } = route;
  const pattern = `/rooms/:roomId${route.path}`;

  async function answer(c: Context): Promise<Response> {
    const roomId = roomIdOf(c);
    const identity = await identify(c);
    const body =
      route.body === 'none' ? {} : await bodyFields(c, transport.limits, route.body === 'optional');
    const payload = {
      ...body,
      ...queryFields(c, operation, query),
      ...pathFields(c, pattern, fields),
    };
    const result = await transport.directory.execute(roomId, identity, operation, payload);
    if (!result.ok) throw refusalOf(withQueryFieldName(query, result.error));
    const { ok: _, ...reply } = result;
    return c.json(reply, route.creates && !isDuplicate(reply) ? 201 : 200);
  }

  if (route.body === 'none') app.on(route.method, pattern, answer);
  else app.on(route.method, pattern, limitBody(transport.limits), answer);
}

/** Delays the answer to a client that is too fast. */
const delayRefusals: MiddlewareHandler = async (c, next) => {
  await next();
  await delayRefusal(c.res.status);
};

/** Caches on the way must not keep messages; a route may set its own `cache-control`. */
const unstored: MiddlewareHandler = async (c, next) => {
  await next();
  if (c.res.status === 101 || c.res.headers.has('cache-control')) return;
  setHeaders(c, { 'cache-control': 'no-store' });
};

function notFound(app: Hono, c: Context): never {
  const allowed = methodsAt(app, new URL(c.req.url).pathname);
  throw allowed.length === 0 ? noSuchAddress() : wrongMethod(c.req.method, allowed);
}
