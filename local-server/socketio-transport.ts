import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server, type Socket } from 'socket.io';
import type { FileTokens } from '../src/files/file-token.ts';
import type { Authenticate } from '../src/auth/authenticator.ts';
import { foreignOrigin, type OriginPolicy } from '../src/auth/origin.ts';
import { unreadableReply } from '../src/socketio-server/engine-request.ts';
import { checkBody } from './check-body.ts';
import { type Conn, ConnectGate } from './connect-gate.ts';
import type { PendingHandshakes } from './pending-handshakes.ts';
import { requestUrl } from './request-url.ts';
import { throttleSession, watchClose } from './socketio-session.ts';
import { carrierOf, wireOf } from './socketio-wire.ts';
import { answerUpgrade, WebSockets } from './web-sockets.ts';
import { ChatSocket } from '../src/transports/socketio/chat.ts';
import type { Answer } from '../src/transports/socketio/command-answers.ts';
import { credentialsOf, readHandshake } from '../src/transports/socketio/credentials.ts';
import {
  readEngineRequest,
  refusalReply,
  SOCKETIO_PATHS,
} from '../src/socketio-server/engine-request.ts';
import type { HttpReply } from '../src/socketio-server/http-reply.ts';
import type { InboxDirectory } from '../src/host/inbox-directory.ts';
import type { RoomDirectory } from '../src/host/room-directory.ts';
import { closeCodes, closeReasons } from '../src/protocol/codes/close-codes.ts';
import { internalProblem, type Problem, Refusal } from '../src/protocol/codes/errors.ts';
import type { Identity } from '../src/protocol/identity.ts';
import type { Limits } from '../src/protocol/codes/limits.ts';
import type { Log } from '../src/room/ports.ts';
import type { Settings } from '../src/settings/settings.ts';

export interface SocketIoTransportOptions {
  directory: RoomDirectory;
  inboxes: InboxDirectory;
  authenticate: Authenticate;
  fileTokens: FileTokens | undefined;
  pendingHandshakes: PendingHandshakes;
  origins: OriginPolicy;
  limits: Limits;
  ownNames: ReadonlySet<string>;
  settings: Pick<Settings, 'PING_INTERVAL_MS' | 'PING_TIMEOUT_MS'>;
  log: Log;
}

const PATHS: ReadonlySet<string> = new Set(SOCKETIO_PATHS);

/** Whether a request is for the Socket.IO transport. */
export function isForSocketIo({ url = '' }: IncomingMessage): boolean {
  return PATHS.has(url.replace(/\?.*/s, ''));
}

/** The Socket.IO transport, on the official server. */
export class SocketIoTransport {
  readonly #options: SocketIoTransportOptions;
  readonly #server: Server;
  readonly #chats = new Set<ChatSocket>();
  /** The authenticated sessions, with their identity. */
  readonly #identities = new WeakMap<Conn, Identity>();
  readonly #gates = new WeakMap<Conn, ConnectGate>();
  /** Never listens: it hands the official server what this host has let through. */
  readonly #inner = createServer();

  constructor(options: SocketIoTransportOptions) {
    const { limits, settings } = options;
    this.#options = options;
    this.#server = new Server(this.#inner, {
      wsEngine: WebSockets,
      maxHttpBufferSize: limits.frameBytes,
      connectTimeout: limits.connectTimeoutMs,
      pingInterval: settings.PING_INTERVAL_MS,
      pingTimeout: settings.PING_TIMEOUT_MS,
      destroyUpgrade: false,
      // A prefix, so that paths with the slash are served, too.
      addTrailingSlash: false,
      serveClient: false,
    });
    this.#server.engine.on('connection', (conn: Conn) => this.#meet(conn));
    this.#server.use((socket, next) => void this.#admit(socket, next));
    this.#server.on('connection', (socket) => this.#serve(socket));
  }

  /** Takes a request of {@link isForSocketIo} whose answer has its CORS headers already. */
  request(request: IncomingMessage, response: ServerResponse): void {
    const refusal = this.#refusalOf(request, false);
    if (refusal !== undefined) {
      response.writeHead(refusal.status, { 'content-type': refusal.contentType });
      response.end(refusal.body);
      return;
    }
    if (request.method === 'POST') {
      checkBody(request, ({ message }) => this.#refuseBody(request, response, message));
    }
    this.#inner.emit('request', request, response);
    const conn = this.#connOf(request);
    if (conn !== undefined && this.#identities.has(conn))
      this.#options.pendingHandshakes.remove(request.socket);
  }

  /** Refuses a body in the middle of it, which ends its session: what the client sent is lost. */
  #refuseBody(request: IncomingMessage, response: ServerResponse, message: string): void {
    if (response.headersSent) return;
    const { status, contentType, body } = unreadableReply(message);
    response.once('finish', () => this.#connOf(request)?.close(true));
    response.writeHead(status, { 'content-type': contentType, connection: 'close' }).end(body);
  }

  /** The session of a request that the official server has handled; undefined if it has none. */
  #connOf(request: IncomingMessage): Conn | undefined {
    const { sid = '' } = (request as { _query?: { sid?: string } })._query ?? {};
    return (this.#server.engine as unknown as { clients: Record<string, Conn> }).clients[sid];
  }

  /** Takes an upgrade of {@link isForSocketIo}. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusalOf(request, true);
    if (refusal !== undefined) {
      answerUpgrade(socket, refusal.status, refusal.body);
      return;
    }
    const { method, url, headers } = request;
    // Not the request itself: the official server keeps what it is given while the socket is open.
    const kept = { method, url, headers, socket, connection: socket };
    this.#inner.emit('upgrade', kept, socket, head);
  }

  get socketCount(): number {
    return this.#server.engine.clientsCount;
  }

  /** Ends every socket as going away, without a DISCONNECT, so that clients reconnect. */
  close(): void {
    for (const chat of this.#chats) {
      chat.end(closeCodes.goingAway, closeReasons[closeCodes.goingAway]);
    }
    this.#server.engine.close();
  }

  /**
   * Why a request is refused before the official server sees it. That server would accept some that
   * the edge host refuses, and refuse others only after it has opened a WebSocket.
   */
  #refusalOf(request: IncomingMessage, isUpgrade: boolean): HttpReply | undefined {
    const { method = '', headers } = request;
    if (!this.#options.origins.allows(headers.origin, headers.host ?? '')) {
      return refusalReply('forbidden', foreignOrigin().message);
    }
    const query = requestUrl(request).searchParams;
    if (query.get('sid')) {
      return method === 'GET' || method === 'POST' ? undefined : refusalReply('bad request');
    }
    const wanted = readEngineRequest(method, query, isUpgrade);
    return wanted.kind === 'refused' ? refusalReply(wanted.error) : undefined;
  }

  async #admit(socket: Socket, next: (error?: Error) => void): Promise<void> {
    const { auth, headers, url } = socket.handshake;
    const handshake = readHandshake(headers.authorization, requestUrl({ url }).searchParams);
    try {
      const identity = await this.#options.authenticate(credentialsOf(auth, handshake));
      Object.assign(socket.data as object, { identity });
      next();
    } catch (error) {
      const { code, message } = this.#problem(error);
      next(Object.assign(new Error(message), { data: { code } }));
    }
    // The official server answers in a tick that is queued already.
    process.nextTick(() => this.#gates.get(socket.conn)?.answered());
  }

  #serve(socket: Socket): void {
    const { identity } = socket.data as { identity: Identity };
    const chat = new ChatSocket(identity, this.#options, wireOf(socket));
    this.#chats.add(chat);
    const afterEnd = watchClose(socket);
    this.#markAuthenticated(socket.conn, identity);
    // Clients may send a number as an event's name, whatever the type says.
    socket.onAny((name: unknown, ...args: unknown[]) => {
      const last = args.at(-1);
      const answer = typeof last === 'function' ? (last as Answer) : undefined;
      try {
        chat.receive(String(name), answer === undefined ? args : args.slice(0, -1), answer);
      } catch (error) {
        // No caller would catch it: this socket ends instead of the process.
        this.#options.log.failure('socketio', error);
        socket.disconnect(true);
      }
    });
    socket.on('disconnect', (reason) => {
      this.#chats.delete(chat);
      afterEnd(reason, (how) => chat.close(how));
    });
  }

  /** Takes a session that has not authenticated yet. */
  #meet(conn: Conn): void {
    const { limits } = this.#options;
    throttleSession(conn, limits, () => this.#identities.get(conn) ?? {});
    this.#gates.set(conn, new ConnectGate(conn, limits.frameBytes));
    // A WebSocket is counted already, as a connection.
    if (conn.transport.name === 'websocket') return;
    this.#options.pendingHandshakes.add(conn, () => conn.close(true));
    conn.once('close', () => this.#options.pendingHandshakes.remove(conn));
  }

  /** The session has authenticated, and with it all connections that will carry it. */
  #markAuthenticated(conn: Conn, identity: Identity): void {
    if (this.#identities.has(conn)) return;
    const { pendingHandshakes } = this.#options;
    this.#identities.set(conn, identity);
    pendingHandshakes.remove(conn);
    pendingHandshakes.remove(carrierOf(conn.transport));
    conn.on('upgrade', (transport) => pendingHandshakes.remove(carrierOf(transport)));
  }

  #problem(error: unknown): Problem {
    if (error instanceof Refusal) return error.problem;
    this.#options.log.failure('connect', error);
    return internalProblem;
  }
}
