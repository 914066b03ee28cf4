import { accessSync, constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import type { Hono } from 'hono';
import { every } from 'hono/combine';
import { etag } from 'hono/etag';
import { authenticatorOf, countingRefusals } from '../src/auth/authenticator.ts';
import type { BlobStore } from '../src/files/blob-store.ts';
import { CountedBlobStore } from '../src/files/counted-blob-store.ts';
import { incomingKeysOf } from '../src/auth/incoming-keys.ts';
import { fileTokensOf } from '../src/files/file-token.ts';
import { OriginPolicy } from '../src/auth/origin.ts';
import { logBackendHealth } from '../src/observability/log-backend-health.ts';
import type { HostLog } from '../src/observability/logger.ts';
import type { Settings } from '../src/settings/settings.ts';
import { askerOf } from '../src/hooks/ask-backend.ts';
import { BeforeMessage, beforeMessageEndpoint } from '../src/hooks/before-message.ts';
import { outgoingHookOf } from '../src/hooks/outgoing.ts';
import { type Push, pushOf } from '../src/push/push.ts';
import { INBOX_TARGET } from '../src/room/inbox-updates/evaluate.ts';
import type { Application } from '../src/room/application.ts';
import { namesOf } from '../src/room/own-names.ts';
import { httpTransport, pageSettingsOf } from '../src/transports/http/app.ts';
import { testTokenRoute } from '../src/transports/http/test-token.ts';
import { VERSION } from '../src/version.ts';
import { PAGE } from '../web/build.ts';
import type { Configuration } from './configuration.ts';
import { DiskBlobStore } from './disk-blob-store.ts';
import { NodeMetrics } from './metrics.ts';
import { NativeTransport } from './native-transport.ts';
import { NodeHooks } from './node-hooks.ts';
import { type InboxesHook, NodeInboxes } from './node-inboxes.ts';
import { NodeRooms, type RoomsHook } from './node-rooms.ts';
import { PendingHandshakes } from './pending-handshakes.ts';
import { ResponseBody } from './response-body.ts';
import { SocketIoTransport } from './socketio-transport.ts';
import { filesFolder } from './sweep-files.ts';

/** The host of a request without `Host`: HTTP/1.0, which health checks use, does not require one. */
export const DEFAULT_HOST = 'localhost';

/** Everything that a running server consists of, except its listeners. */
export type Services = ReturnType<typeof servicesOf>;

/** Three transports over one set of rooms, as the settings have them. */
export function servicesOf(configuration: Configuration, log: HostLog, application: Application) {
  const { settings, isLocal, clientUrl } = configuration;
  const { limits } = settings;
  const metrics = new NodeMetrics();
  const origins = new OriginPolicy({
    clientUrl,
    publicUrl: settings.PUBLIC_URL,
    localOnly: isLocal,
    log,
  });
  const pendingHandshakes = new PendingHandshakes(settings.MAX_UNAUTHENTICATED_SOCKETS);
  const authenticate = countingRefusals(
    authenticatorOf(settings, configuration.allowGuests, log),
    (code) => metrics.refused(code),
  );
  const disk = new DiskBlobStore(filesFolder(settings.DATA_DIR));
  const store = new CountedBlobStore(disk, () => metrics.files);
  const fileTokens = fileTokensOf(settings);
  const push = pushOf(settings);
  const hosted = { settings, store, push, log, meter: metrics, application };
  const { rooms, inboxes, hooks, beforeMessage } = hostedOf(hosted);
  const shared = { authenticate, fileTokens, pendingHandshakes, origins, limits, log };
  const native = new NativeTransport({ ...shared, rooms, inboxes });
  const ownNames = namesOf(application);
  const chat = { ...shared, directory: rooms, inboxes, settings, ownNames };
  const socketIo = new SocketIoTransport(chat);
  const app = httpTransport({
    directory: rooms,
    inboxes,
    authenticate,
    onAuthenticated: (c) => pendingHandshakes.remove((c.env as HttpBindings).incoming.socket),
    origins,
    limits,
    host: 'node',
    version: VERSION,
    application,
    isHealthy: () => canWrite(settings.DATA_DIR),
    files: {
      store,
      noStore: '',
      tokens: fileTokens,
      accessMs: settings.FILE_ACCESS_MS,
      isForAll: isLocal || settings.CLIENT_URL !== undefined,
    },
    pushKey: push?.key,
    incomingKeys: incomingKeysOf(settings),
    hooks,
    backend: beforeMessage && (() => Promise.resolve(beforeMessage.status)),
    development: isLocal ? testTokenRoute(settings) : undefined,
    pageSettings: pageSettingsOf(settings, configuration.allowGuests),
    streamBody: (c) => new ResponseBody((c.env as HttpBindings).outgoing),
    page: every(etag(), serveStatic({ root: PAGE, precompressed: true })),
    log: (what, error) => log.failure(what, error),
  });
  const http = listenerOf(app);
  const parts = { rooms, inboxes, hooks, disk, native, socketIo, http };
  return { settings, origins, metrics, pendingHandshakes, ...parts };
}

interface HostedParts {
  settings: Settings;
  store: BlobStore;
  push: Push | undefined;
  log: HostLog;
  meter: NodeMetrics;
  application: Application;
}

/** Makes the rooms, the inboxes and the outgoing webhook, which reach each other. */
function hostedOf({ settings, store, push, log, meter, application }: HostedParts) {
  const outgoing = outgoingHookOf(settings);
  const hook: (RoomsHook & InboxesHook) | undefined = outgoing && {
    ...outgoing,
    enqueue: (...args) => hooks!.enqueue(...args),
  };
  const beforeMessage = beforeMessageOf(settings, log, meter);
  const rooms = new NodeRooms({
    dataDir: settings.DATA_DIR,
    store,
    durability: settings.DURABILITY,
    maxOpenRooms: settings.MAX_OPEN_ROOMS,
    limits: settings.limits,
    log,
    meter,
    application,
    hook,
    beforeMessage,
    carry: (target, deliveries) => {
      if (!target.startsWith(INBOX_TARGET)) return Promise.resolve([]);
      return inboxes.carry(target.slice(INBOX_TARGET.length), deliveries);
    },
  });
  const inboxes: NodeInboxes = new NodeInboxes({
    dataDir: settings.DATA_DIR,
    durability: settings.DURABILITY,
    directMessages: settings.DIRECT_MESSAGES,
    push,
    hook,
    limits: settings.limits,
    log,
    meter,
    rooms,
  });
  const { DATA_DIR: dataDir, DURABILITY: durability } = settings;
  const hooks = outgoing && new NodeHooks({ dataDir, durability, outgoing, log, meter, rooms });
  return { rooms, inboxes, hooks, beforeMessage };
}

/** Asks the backend from this process; undefined if none is set up. */
function beforeMessageOf(settings: Settings, log: HostLog, meter: NodeMetrics) {
  const endpoint = beforeMessageEndpoint(settings);
  if (endpoint === undefined) return undefined;
  const ask = askerOf(endpoint);
  const onHealthChange = logBackendHealth(log);
  return new BeforeMessage(settings, { ask, now: () => Date.now(), meter, onHealthChange });
}

/** Answers Node's requests with the routes; a stream goes straight to its socket. */
function listenerOf(app: Hono) {
  return getRequestListener(
    async (request, env) => ResponseBody.send(env.outgoing, await app.fetch(request, env)),
    { hostname: DEFAULT_HOST },
  );
}

async function canWrite(dataDir: string): Promise<boolean> {
  try {
    accessSync(dataDir, constants.W_OK);
    await writeFile(join(dataDir, 'health'), String(Date.now()));
    return true;
  } catch {
    return false;
  }
}
