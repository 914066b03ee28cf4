import { accessSync, constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import { join } from 'node:path';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { every } from 'hono/combine';
import { etag } from 'hono/etag';
import { authenticatorOf, countingRefusals } from '../src/auth/authenticator.ts';
import { corsHeaders } from '../src/auth/cors.ts';
import { OriginPolicy } from '../src/auth/origin.ts';
import { httpTransport, wrongHost, pageSettingsOf } from '../src/transports/http/app.ts';
import { testTokenRoute } from '../src/transports/http/test-token.ts';
import { isNativePath } from '../src/transports/native/handshake.ts';
import { Refusal } from '../src/protocol/codes/errors.ts';
import type { HostLog } from '../src/observability/logger.ts';
import { VERSION } from '../src/version.ts';
import { PAGE } from '../web/build.ts';
import type { Configuration } from './configuration.ts';
import { lockData } from './data-lock.ts';
import { isForMetrics, NodeMetrics, serveMetrics } from './metrics.ts';
import { NativeTransport, refuseUpgrade } from './native-transport.ts';
import { PendingHandshakes } from './pending-handshakes.ts';
import { NodeRooms } from './node-rooms.ts';
import { drainRequestBody } from './drain-request-body.ts';
import { requestUrl } from './request-url.ts';
import { trustProxy } from './trust-proxy.ts';
import { isForSocketIo, SocketIoTransport } from './socketio-transport.ts';

export interface RunningServer {
  port: number;
  rooms: NodeRooms;
  /** Tells everyone to come back, stores what is due and lets the data go. */
  close(): Promise<void>;
}

/** How long sockets may take to close by themselves, in milliseconds. */
const DRAIN_MS = 1_000;

/** What a request without `Host` is addressed to: HTTP/1.0 needs none, and health checks speak it. */
const DEFAULT_HOST = 'localhost';

/** How long the head of a request may take at the most, in milliseconds, and how often that is looked at. */
const MAX_HEADERS_MS = 60_000;
const CHECK_EVERY_MS = 1_000;

/**
 * Starts the node host: three transports over one set of rooms.
 * @throws Error with one sentence for the operator
 */
export async function startServer(
  configuration: Configuration,
  log: HostLog,
): Promise<RunningServer> {
  const { settings, isLocal } = configuration;
  const { limits } = settings;
  const lock = lockData(settings.DATA_DIR);
  const { clientUrl } = configuration;
  const publicUrl = settings.PUBLIC_URL;
  const origins = new OriginPolicy({ clientUrl, publicUrl, localOnly: isLocal, log });
  const metrics = new NodeMetrics();
  const pendingHandshakes = new PendingHandshakes(settings.MAX_UNAUTHENTICATED_SOCKETS);
  const authenticate = countingRefusals(
    authenticatorOf(settings, configuration.allowGuests, log),
    (code) => metrics.refused(code),
  );
  const rooms = new NodeRooms({
    dataDir: settings.DATA_DIR,
    durability: settings.DURABILITY,
    maxOpenRooms: settings.MAX_OPEN_ROOMS,
    limits,
    log,
    meter: metrics,
  });
  const app = httpTransport({
    directory: rooms,
    authenticate,
    known: (c) => pendingHandshakes.remove((c.env as HttpBindings).incoming.socket),
    origins,
    limits,
    host: 'node',
    version: VERSION,
    isHealthy: () => canWrite(settings.DATA_DIR),
    development: isLocal ? testTokenRoute(settings) : undefined,
    pageSettings: pageSettingsOf(settings, configuration.allowGuests),
    page: every(etag(), serveStatic({ root: PAGE, precompressed: true })),
    log: (what, error) => log.failure(what, error),
  });
  const serve = getRequestListener(app.fetch, { hostname: DEFAULT_HOST });
  const native = new NativeTransport({
    rooms,
    authenticate,
    origins,
    pendingHandshakes,
    limits,
    log,
  });
  const socketIo = new SocketIoTransport({
    directory: rooms,
    authenticate,
    pendingHandshakes,
    origins,
    limits,
    settings,
    log,
  });
  const gauges = {
    connections: () => rooms.connectionCount,
    awake: () => rooms.awakeCount,
    openFiles: () => rooms.openCount,
    sockets: () => ({ native: native.socketCount, socketIo: socketIo.socketCount }),
    pendingHandshakes,
  };
  const sockets = new Set<TcpSocket>();
  const accept = (socket: TcpSocket) => {
    sockets.add(socket);
    pendingHandshakes.add(socket, () => socket.destroy());
    socket.once('close', () => {
      sockets.delete(socket);
      pendingHandshakes.remove(socket);
    });
  };
  const timeouts = {
    headersTimeout: Math.min(limits.connectTimeoutMs, MAX_HEADERS_MS),
    connectionsCheckingInterval: CHECK_EVERY_MS,
    keepAliveTimeout: settings.KEEP_ALIVE_MS,
  };
  const http = createServer(timeouts, (request, response) => {
    if (settings.TRUST_PROXY === true) trustProxy(request);
    metrics.watch(request, response);
    response.once('finish', () => drainRequestBody(request));
    const isMetrics = isForMetrics(request);
    // The routes refuse a `Host` that may not be answered, and answer preflights.
    const isRoute =
      !origins.allowsHost(request.headers.host ?? DEFAULT_HOST) ||
      request.method === 'OPTIONS' ||
      !(isMetrics || isForSocketIo(request));
    if (isRoute) {
      void serve(request, response);
      return;
    }
    setCorsHeaders(request, response, origins);
    if (isMetrics) {
      serveMetrics(request, response, settings.METRICS_TOKEN, () => metrics.text(gauges));
    } else socketIo.request(request, response);
  });
  http.on('upgrade', (request, socket, head) => {
    if (settings.TRUST_PROXY === true) trustProxy(request);
    const { host = '' } = request.headers;
    const { pathname } = requestUrl(request);
    if (!origins.allowsHost(host)) {
      refuseUpgrade(socket, new Refusal('forbidden', wrongHost(host)).problem, 421);
    } else if (request.headers['sec-websocket-version'] !== '13') {
      // `ws` would take 8 too, a draft whose browsers name their page in another header than `Origin`.
      refuseUpgrade(socket, oldWebSocket.problem);
    } else if (isForSocketIo(request)) socketIo.upgrade(request, socket, head);
    else if (isNativePath(pathname)) void native.upgrade(request, socket, head);
    else refuseUpgrade(socket, new Refusal('unknown_command', 'No socket here.').problem, 404);
  });

  const servers: HttpServer[] = [];
  try {
    let { PORT: port } = settings;
    for (const address of configuration.addresses) {
      const server = servers.length === 0 ? http : mirror(http, timeouts);
      server.on('connection', accept);
      port = await listen(server, port, address);
      servers.push(server);
    }
    return {
      port,
      rooms,
      async close() {
        for (const server of servers) server.close();
        socketIo.close();
        rooms.close();
        const drained = setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, DRAIN_MS);
        await Promise.all(servers.map((server) => closed(server)));
        clearTimeout(drained);
        metrics.close();
        lock.release();
      },
    };
  } catch (error) {
    for (const server of servers) server.close();
    socketIo.close();
    rooms.close();
    metrics.close();
    lock.release();
    throw error;
  }
}

/** What the routes set by themselves. */
function setCorsHeaders(
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  origins: OriginPolicy,
): void {
  const header = (name: string) => headers[name]?.toString();
  const cors = corsHeaders(origins, { method, host: headers.host ?? '', header });
  for (const [name, value] of Object.entries(cors)) response.setHeader(name, value);
}

const oldWebSocket = new Refusal('invalid_payload', 'Speak WebSocket version 13 (RFC 6455).');

/** A second address of the same server: everything that comes in is handed to the first. */
function mirror(first: HttpServer, timeouts: ServerOptions): HttpServer {
  const server = createServer(timeouts, (...request) => first.emit('request', ...request));
  server.on('upgrade', (request, socket, head) => first.emit('upgrade', request, socket, head));
  return server;
}

function listen(server: HttpServer, port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      // A machine without IPv6 has no ::1; the other address serves.
      if (NO_SUCH_ADDRESS.has(error.code ?? '') && address === '::1') resolve(port);
      else reject(new Error(listenSentence(error, port, address), { cause: error }));
    });
    // Without an address Node takes :: and, on a machine without IPv6, 0.0.0.0.
    const host = address === '::' ? undefined : address;
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

const NO_SUCH_ADDRESS = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

function listenSentence(error: NodeJS.ErrnoException, port: number, address: string): string {
  if (error.code === 'EADDRINUSE') {
    return `Port ${port} is in use: stop what uses it, or set PORT to another one.`;
  }
  return error.code === 'EACCES'
    ? `Port ${port} needs more rights: set PORT to one above 1023.`
    : `Cannot listen on ${address} (${error.code ?? error.message}): set HOST to an address of this machine.`;
}

function closed(server: HttpServer): Promise<void> {
  server.closeIdleConnections();
  return new Promise((resolve) => {
    if (server.listening) server.once('close', resolve);
    else
      server.getConnections((_, count) =>
        count === 0 ? resolve() : server.once('close', resolve),
      );
  });
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
