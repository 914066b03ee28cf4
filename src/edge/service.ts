import { type Handler, Hono } from 'hono';
import { authenticatorOf, countingRefusals } from '../auth/authenticator.ts';
import { CountedBlobStore } from '../files/counted-blob-store.ts';
import { incomingKeysOf } from '../auth/incoming-keys.ts';
import { fileTokensOf } from '../files/file-token.ts';
import { application } from '../app/current.ts';
import { namesOf } from '../room/own-names.ts';
import { foreignOrigin, OriginPolicy } from '../auth/origin.ts';
import {
  browserHeaders,
  httpTransport,
  pageSettingsOf,
  refusalResponse,
} from '../transports/http/app.ts';
import type { HttpFiles } from '../transports/http/files.ts';
import { offersSubprotocol, readHandshake } from '../transports/native/handshake.ts';
import { delayRefusalOf } from '../admission/delay-refusal.ts';
import { internalProblem, Refusal } from '../protocol/codes/errors.ts';
import { wrongHook } from '../hooks/outgoing.ts';
import { pushOf, wrongPush } from '../push/push.ts';
import { readSettings, type Settings } from '../settings/settings.ts';
import { SECRET_BYTES, wrongKeys } from '../settings/keys.ts';
import { VERSION } from '../version.ts';
import { openInbox } from './connect-room.ts';
import { openRoom } from './open-room.ts';
import type { Environment } from './environment.ts';
import type { FileCounts } from '../observability/file-counts.ts';
import { consoleLogger } from '../observability/console-logger.ts';
import { ObjectDirectory } from './object-directory.ts';
import { objectBackendOf, objectHooksOf } from './object-hooks.ts';
import { ObjectInboxes } from './object-inboxes.ts';
import { R2BlobStore } from './r2-blob-store.ts';
import { TrafficReport } from './reports.ts';
import { socketIoTransport } from './socketio-transport.ts';
import { refusedOnSocket, upgraded } from './upgrade-response.ts';
import { roomAccessLimiterOf } from '../admission/room-access-limiter.ts';

export interface ServiceOptions {
  /** Whether to answer only requests whose `Host` means this machine. */
  localOnly: boolean;
  /** Whether guests may enter if `ALLOW_GUESTS` is not set. */
  guestsByDefault: boolean;
  /** Makes the routes of development mode. */
  development?: (settings: Settings) => Hono;
}

const ownNames = namesOf(application);

/** The Worker of the edge host: does everything that is done before a room is woken. */
export function service(env: Environment, options: ServiceOptions): Hono {
  const { settings, problems } = readSettings(env);
  const { limits, JWT_SECRET, CLIENT_URL: clientUrl, PUBLIC_URL: publicUrl } = settings;
  const log = consoleLogger(settings);
  const allowGuests = settings.ALLOW_GUESTS ?? options.guestsByDefault;
  const isLocal = options.localOnly;
  const why = problems[0] ?? wrongSettings(settings, isLocal, allowGuests);
  const origins = new OriginPolicy({ clientUrl, publicUrl, localOnly: isLocal, log });
  if (why !== undefined) return outOfOrder(why, origins);
  const limiter = roomAccessLimiterOf(limits);
  const traffic = new TrafficReport(log);
  const authenticate = countingRefusals(authenticatorOf(settings, allowGuests, log), (code) =>
    traffic.refused(code),
  );

  /** The native transport: authenticates, then hands the socket to the room's object. */
  async function upgrade(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const offers = offersSubprotocol(request.headers.get('sec-websocket-protocol'));
    try {
      const host = request.headers.get('host') ?? url.host;
      if (!origins.allows(request.headers.get('origin'), host)) throw foreignOrigin();
      const { roomId, credentials, join } = readHandshake(url, (name) => request.headers.get(name));
      const identity = await authenticate(credentials);
      const context = { identity, join, end: 'native' } as const;
      if (roomId === undefined) {
        return upgraded(await openInbox(env.INBOX, identity.userId, context), offers);
      }
      await limiter.acquire(identity, roomId);
      return upgraded(await openRoom(env, roomId, context), offers);
    } catch (error) {
      if (!offers) throw error;
      const problem = error instanceof Refusal ? error.problem : internalProblem;
      await delayRefusalOf(problem.code);
      return refusedOnSocket(problem, url.pathname);
    }
  }

  const directory = new ObjectDirectory(env, limits, limiter);
  const inboxes = new ObjectInboxes(env.INBOX);
  const files = filesOf(env, settings, isLocal, () => traffic.files);
  const shared = { directory, inboxes, authenticate, limits };
  const chat = { ...shared, fileTokens: files.tokens, ownNames, settings };
  const app = httpTransport({
    ...shared,
    socketIo: socketIoTransport(env.SESSION, chat, allowGuests),
    origins,
    host: 'edge',
    version: VERSION,
    application,
    isHealthy: () => Promise.resolve(true),
    upgrade,
    files,
    ...webhooksOf(env, settings),
    development: JWT_SECRET === undefined ? undefined : options.development?.(settings),
    ...shownOf(settings, allowGuests),
    page: pageOf(env.ASSETS),
    log: (what, error) => log.failure(what, error),
  });
  const { fetch } = app;
  app.fetch = (...args) => traffic.watch(() => fetch(...args));
  return app;
}

/** Webhooks, in both directions. */
function webhooksOf(env: Environment, settings: Settings) {
  return {
    incomingKeys: incomingKeysOf(settings),
    hooks: objectHooksOf(env, settings),
    backend: objectBackendOf(env, settings),
  };
}

/** The public part of the settings. */
function shownOf(settings: Settings, allowGuests: boolean) {
  const pushKey = pushOf(settings)?.key;
  return { pageSettings: pageSettingsOf(settings, allowGuests), pushKey };
}

/** Why a deployment cannot work with these settings; undefined if it can. */
function wrongSettings(settings: Settings, isLocal: boolean, allowGuests: boolean) {
  const about = { isLocal, allowGuests, noKeys: NO_KEYS };
  return wrongKeys(settings, about) ?? wrongPush(settings) ?? wrongHook(settings);
}

const NO_STORE =
  'This service takes no files: bind a bucket as FILES in wrangler.toml; "npx wrangler r2 bucket create parlor-files" makes it.';

/** File storage; without a store if no bucket is bound. */
function filesOf(
  { FILES }: Environment,
  settings: Settings,
  isLocal: boolean,
  counts: () => FileCounts,
): HttpFiles {
  return {
    store: FILES && new CountedBlobStore(new R2BlobStore(FILES), counts),
    noStore: NO_STORE,
    tokens: fileTokensOf(settings),
    accessMs: settings.FILE_ACCESS_MS,
    isForAll: isLocal || settings.CLIENT_URL !== undefined,
    finish: (c, work) => c.executionCtx.waitUntil(work.catch(() => undefined)),
  };
}

/** Serves the page's files. */
function pageOf(assets: Fetcher): Handler {
  return async (c) => {
    const page = await assets.fetch(c.req.raw);
    // The assets' own 404 has no body; ours says what is wrong.
    return page.status === 404 ? c.notFound() : page;
  };
}

const NO_KEYS = `Set JWT_SECRET to ${SECRET_BYTES} bytes or more with "npx wrangler secret put JWT_SECRET", or JWT_JWKS_URL to where your sign-in service publishes its keys.`;

/** Refuses every request to a deployment with unusable settings. @param sentence what is wrong with them */
function outOfOrder(sentence: string, origins: OriginPolicy): Hono {
  const app = new Hono();
  app.use(browserHeaders(origins));
  app.get('/health', (c) => c.json({ ok: false, version: VERSION, host: 'edge' }, 503));
  app.all('*', (c) => {
    const problem = new Refusal('unavailable', sentence).problem;
    return c.json(...refusalResponse(problem));
  });
  return app;
}
