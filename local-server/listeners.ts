import { createServer, type Server as HttpServer, type ServerOptions } from 'node:http';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import type { Services } from './services.ts';
import type { Router } from './router.ts';

/** How long sockets may take to close by themselves, in milliseconds. */
const DRAIN_MS = 1_000;

/** How long the head of a request may take at most, and how often that is checked, in milliseconds. */
const MAX_HEADERS_MS = 60_000;
const CHECK_EVERY_MS = 1_000;

/** The server's addresses, and all connections to them. */
export class Listeners {
  readonly #router: Router;
  readonly #options: ServerOptions;
  readonly #pendingHandshakes: Services['pendingHandshakes'];
  readonly #servers: HttpServer[] = [];
  readonly #sockets = new Set<TcpSocket>();

  constructor(router: Router, { settings, pendingHandshakes }: Services) {
    this.#router = router;
    this.#pendingHandshakes = pendingHandshakes;
    this.#options = {
      headersTimeout: Math.min(settings.limits.connectTimeoutMs, MAX_HEADERS_MS),
      connectionsCheckingInterval: CHECK_EVERY_MS,
      keepAliveTimeout: settings.KEEP_ALIVE_MS,
      // Other offers, such as HTTP/2 by Java's clients, may be ignored: the request is answered as any.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    };
  }

  /**
   * Listens at every address, on one port.
   * @returns the port, which the system has chosen if 0 was given
   * @throws Error with one sentence for the operator
   */
  async listen(port: number, addresses: readonly string[]): Promise<number> {
    let chosen = port;
    for (const address of addresses) chosen = await listen(this.#add(), chosen, address);
    return chosen;
  }

  /** Accepts no more connections. */
  stop(): void {
    for (const server of this.#servers) server.close();
  }

  /** Waits until every connection is closed; cuts those that take too long. */
  async drain(): Promise<void> {
    const drained = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, DRAIN_MS);
    await Promise.all(this.#servers.map((server) => closed(server)));
    clearTimeout(drained);
  }

  #add(): HttpServer {
    const server = createServer(this.#options, (request, response) =>
      this.#router.request(request, response),
    );
    server.on('upgrade', (request, socket, head) => this.#router.upgrade(request, socket, head));
    server.on('connection', (socket) => this.#accept(socket));
    this.#servers.push(server);
    return server;
  }

  #accept(socket: TcpSocket): void {
    this.#sockets.add(socket);
    this.#pendingHandshakes.add(socket, () => socket.destroy());
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#pendingHandshakes.remove(socket);
    });
  }
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
