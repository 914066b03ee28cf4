import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server, type Socket } from 'socket.io';
import { WebSocket } from 'ws';
import type { Authenticate } from '../src/auth/authenticator.ts';
import { foreignOrigin, type OriginPolicy } from '../src/auth/origin.ts';
import { memoizeByIdentity } from '../src/following/memoize-by-identity.ts';
import { unreadableReply } from '../src/socketio-server/engine-request.ts';
import { leaveReasonOf } from '../src/transports/native/receive.ts';
import { checkBody } from './check-body.ts';
import { type Conn, ConnectGate } from './connect-gate.ts';
import type { PendingHandshakes } from './pending-handshakes.ts';
import { throttleReading } from './throttle-reading.ts';
import { textFrame, writeFrame } from './prepared-frames.ts';
import { requestUrl } from './request-url.ts';
import { answerUpgrade, WebSockets } from './web-sockets.ts';
import { ChatSocket } from '../src/transports/socketio/chat.ts';
import type { SocketWire } from '../src/transports/socketio/socket-wire.ts';
import { credentialsOf, readHandshake } from '../src/transports/socketio/credentials.ts';
import {
  readEngineRequest,
  refusalReply,
  SOCKETIO_PATHS,
} from '../src/socketio-server/engine-request.ts';
import type { HttpReply } from '../src/socketio-server/http-reply.ts';
import type { RoomDirectory } from '../src/host/room-directory.ts';
import { closeCodes, closeReasons } from '../src/protocol/codes/close-codes.ts';
import { internalProblem, type Problem, Refusal } from '../src/protocol/codes/errors.ts';
import type { Identity } from '../src/protocol/identity.ts';
import type { Limits } from '../src/protocol/codes/limits.ts';
import type { Log } from '../src/room/ports.ts';
import type { Settings } from '../src/settings/settings.ts';

export interface SocketIoTransportOptions {
  directory: RoomDirectory;
  authenticate: Authenticate;
  pendingHandshakes: PendingHandshakes;
  origins: OriginPolicy;
  limits: Limits;
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
  /** The sessions that have authenticated. */
  readonly #known = new WeakSet<Conn>();
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
    if (conn !== undefined && this.#known.has(conn))
      this.#options.pendingHandshakes.remove(request.socket);
  }

  /** Refuses a body in the middle of it, which ends its session: what the client sent is lost. */
  #refuseBody(request: IncomingMessage, response: ServerResponse, message: string): void {
    if (response.headersSent) return;
    const { status, contentType, body } = unreadableReply(message);
    response.once('finish', () => this.#connOf(request)?.close(true));
    response.writeHead(status, { 'content-type': contentType, connection: 'close' }).end(body);
  }

  /** The session of a request that the official server has looked at; undefined where it has none. */
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
    // The official server keeps what it is given for as long as the socket is open.
    const kept = { method, url, headers, socket, connection: socket };
    this.#inner.emit('upgrade', kept, socket, head);
  }

  get socketCount(): number {
    return this.#server.engine.clientsCount;
  }

  /** Tells every socket that the server goes away, without a DISCONNECT: clients come back. */
  close(): void {
    for (const chat of this.#chats) {
      chat.end(closeCodes.goingAway, closeReasons[closeCodes.goingAway]);
    }
    this.#server.engine.close();
  }

  /**
   * Why a request is refused before the official server sees it: it would let some in that the edge
   * host refuses, and refuse others inside a WebSocket that is open already.
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
    this.#know(socket.conn);
    // Clients may send a number as an event's name, whatever the type says.
    socket.onAny((name: unknown, ...args: unknown[]) => {
      const last = args.at(-1);
      const answer = typeof last === 'function' ? (last as (result: unknown) => void) : undefined;
      try {
        chat.receive(
          String(name),
          answer === undefined ? args : args.slice(0, -1),
          answer && ((result) => answer(JSON.parse(result))),
        );
      } catch (error) {
        // Nothing would catch it further out: one socket ends, not everybody's process.
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
    pace(conn, limits);
    this.#gates.set(conn, new ConnectGate(conn, limits.frameBytes));
    // A WebSocket is there as a connection already.
    if (conn.transport.name === 'websocket') return;
    this.#options.pendingHandshakes.add(conn, () => conn.close(true));
    conn.once('close', () => this.#options.pendingHandshakes.remove(conn));
  }

  /** The session has authenticated, and with it the connections that carry it from now on. */
  #know(conn: Conn): void {
    if (this.#known.has(conn)) return;
    const { pendingHandshakes } = this.#options;
    this.#known.add(conn);
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

const paced = new WeakSet<WebSocket>();

/** The official server hears each frame when its time has come, not all that came with it. */
function pace(conn: Conn, limits: Limits): void {
  const watch = (transport: unknown) => {
    const webSocket = webSocketOf(transport);
    if (webSocket === undefined || paced.has(webSocket)) return;
    paced.add(webSocket);
    const listeners = webSocket.listeners('message');
    webSocket.removeAllListeners('message');
    throttleReading(webSocket, limits, (data, isBinary) => {
      for (const hear of listeners) hear.call(webSocket, data, isBinary);
    });
  };
  watch(conn.transport);
  conn.on('upgrading', watch);
  conn.on('upgrade', watch);
}

type End = 'left' | 'disconnected';

/**
 * Tells an end that the client meant: a DISCONNECT, a close packet, or a WebSocket closed with 1000
 * or no code. The official server calls all but the first "transport close", or "transport error"
 * where an answer was on its way to a client that had just said goodbye.
 */
function watchClose({ conn }: Socket): (reason: string, tell: (end: End) => void) => void {
  let code: number | undefined;
  let saidGoodbye = false;
  const watch = (transport: unknown) => {
    // Before the official server's own listener, which reports the end.
    webSocketOf(transport)?.prependOnceListener('close', (ended: number) => {
      code = ended;
    });
  };
  watch(conn.transport);
  conn.on('upgrade', watch);
  conn.on('packet', ({ type }: { type: string }) => {
    // The official server heeds close packets only where they come by polling.
    if (type !== 'close') return;
    saidGoodbye = true;
    conn.close();
  });
  const endOf = (reason: string): End => {
    if (saidGoodbye || reason === 'client namespace disconnect') return 'left';
    if (code !== undefined) return leaveReasonOf(code);
    const isPolling = conn.transport.name === 'polling';
    return isPolling && reason === 'transport close' ? 'left' : 'disconnected';
  };
  return (reason, tell) => {
    const socket = webSocketOf(conn.transport);
    if (reason === 'transport error' && socket?.readyState === WebSocket.CLOSING) {
      socket.once('close', () => tell(endOf(reason)));
    } else tell(endOf(reason));
  };
}

/** The WebSocket beneath a transport that has one. */
function webSocketOf(transport: unknown): WebSocket | undefined {
  return (transport as { socket?: WebSocket }).socket;
}

/** The connection beneath a transport; with polling, that of the request which waits for events. */
function carrierOf(transport: unknown): Duplex | undefined {
  const { req } = transport as { req?: IncomingMessage | null };
  const webSocket = webSocketOf(transport) as { _socket?: Duplex } | undefined;
  return webSocket === undefined ? req?.socket : webSocket._socket;
}

/**
 * All lines as the frames of one write: "4" is an Engine.IO message, "2" a Socket.IO EVENT, and a
 * line is its array. A frame holds one packet, but a write to the kernel may hold many frames.
 */
const framesOf = memoizeByIdentity((lines: readonly string[]) =>
  Buffer.concat(lines.map((line) => textFrame(`42${line}`))),
);

/** Lines become packets by prefixing. */
function wireOf(socket: Socket): SocketWire {
  return {
    events: (lines) => {
      if (!socket.connected) return;
      const { conn } = socket;
      const webSocket = webSocketOf(conn.transport);
      // What the official server has not given to the socket yet must leave first.
      if (webSocket === undefined || unsentOf(conn).length > 0) {
        for (const line of lines) conn.send(`2${line}`);
      } else writeFrame(webSocket, framesOf(lines));
    },
    end: (how) => {
      if (how === 'stayAway') socket.disconnect(true);
      else socket.conn.close();
    },
    buffered: () => bufferedOf(socket),
  };
}

function bufferedOf({ conn }: Socket): number {
  let bytes = webSocketOf(conn.transport)?.bufferedAmount ?? 0;
  for (const { data } of unsentOf(conn)) bytes += typeof data === 'string' ? data.length : 0;
  return bytes;
}

/** The packets that wait within the official server. */
function unsentOf(conn: Conn): readonly { data?: unknown }[] {
  return (conn as unknown as { writeBuffer: { data?: unknown }[] }).writeBuffer;
}
