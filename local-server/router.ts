import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { corsHeaders } from '../src/auth/cors.ts';
import type { OriginPolicy } from '../src/auth/origin.ts';
import { Refusal } from '../src/protocol/codes/errors.ts';
import { wrongHost } from '../src/transports/http/app.ts';
import { isNativePath } from '../src/transports/native/handshake.ts';
import { drainRequestBody } from './drain-request-body.ts';
import { isForMetrics, serveMetrics } from './metrics.ts';
import { refuseUpgrade } from './native-transport.ts';
import { requestUrl } from './request-url.ts';
import { DEFAULT_HOST, type Services } from './services.ts';
import { isForSocketIo } from './socketio-transport.ts';
import { trustProxy } from './trust-proxy.ts';

const oldWebSocket = new Refusal('invalid_payload', 'Speak WebSocket version 13 (RFC 6455).');

/** Takes each request and each upgrade to the transport that it is for. */
export class Router {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  request(request: IncomingMessage, response: ServerResponse): void {
    const { settings, metrics, origins, socketIo, http } = this.#services;
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
      void http(request, response);
      return;
    }
    setCorsHeaders(request, response, origins);
    if (isMetrics) {
      const text = async () => metrics.text(await this.#gauges());
      void serveMetrics(request, response, settings.METRICS_TOKEN, text);
    } else socketIo.request(request, response);
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { settings, origins, socketIo, native } = this.#services;
    if (settings.TRUST_PROXY === true) trustProxy(request);
    const { host = '' } = request.headers;
    const { pathname } = requestUrl(request);
    if (!origins.allowsHost(host)) {
      refuseUpgrade(socket, new Refusal('forbidden', wrongHost(host)).problem, 421);
    } else if (request.headers['sec-websocket-version'] !== '13') {
      // `ws` would accept 8, too, a draft with which browsers do not name their page in `Origin`.
      refuseUpgrade(socket, oldWebSocket.problem);
    } else if (isForSocketIo(request)) socketIo.upgrade(request, socket, head);
    else if (isNativePath(pathname)) void native.upgrade(request, socket, head);
    else refuseUpgrade(socket, new Refusal('unknown_command', 'No socket here.').problem, 404);
  }

  async #gauges() {
    const { rooms, inboxes, hooks, native, socketIo, pendingHandshakes } = this.#services;
    return {
      connections: () => rooms.connectionCount,
      inboxConnections: () => inboxes.connectionCount,
      awake: () => rooms.awakeCount,
      openFiles: () => rooms.openCount,
      sockets: () => ({ native: native.socketCount, socketIo: socketIo.socketCount }),
      pendingHandshakes,
      // If its file cannot be read, the other gauges are still shown.
      webhook: await hooks?.summary().catch(() => undefined),
    };
  }
}

/** Sets CORS headers for requests that do not go to the routes, which set them themselves. */
function setCorsHeaders(
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  origins: OriginPolicy,
): void {
  const header = (name: string) => headers[name]?.toString();
  const cors = corsHeaders(origins, { method, host: headers.host ?? '', header });
  for (const [name, value] of Object.entries(cors)) response.setHeader(name, value);
}
