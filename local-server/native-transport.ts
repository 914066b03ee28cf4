import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Authenticate } from '../src/auth/authenticator.ts';
import { foreignOrigin, type OriginPolicy } from '../src/auth/origin.ts';
import type { FileTokens } from '../src/files/file-token.ts';
import { refusalResponse } from '../src/transports/http/app.ts';
import {
  offersSubprotocol,
  readHandshake,
  refusalOnSocket,
  SUBPROTOCOL,
} from '../src/transports/native/handshake.ts';
import { runTransportCommand } from '../src/transports/native/own-commands.ts';
import { leaveReasonOf, receive } from '../src/transports/native/receive.ts';
import { delayRefusalOf } from '../src/admission/delay-refusal.ts';
import { internalProblem, type Problem, Refusal } from '../src/protocol/codes/errors.ts';
import type { Limits } from '../src/protocol/codes/limits.ts';
import type { Command } from '../src/protocol/frames.ts';
import type { Frame } from '../src/room/broadcast/frame.ts';
import type { Log } from '../src/room/ports.ts';
import type { PendingHandshakes } from './pending-handshakes.ts';
import type { Sink } from './node-connection.ts';
import type { Attached } from './attach.ts';
import type { NodeInboxes } from './node-inboxes.ts';
import type { NodeRooms } from './node-rooms.ts';
import { textFrame, writeFrame } from './prepared-frames.ts';
import { throttleReading } from './throttle-reading.ts';
import { requestUrl } from './request-url.ts';
import { answerUpgrade, WebSockets } from './web-sockets.ts';

export interface NativeTransportOptions {
  rooms: NodeRooms;
  inboxes: NodeInboxes;
  authenticate: Authenticate;
  fileTokens: FileTokens | undefined;
  origins: OriginPolicy;
  pendingHandshakes: PendingHandshakes;
  limits: Limits;
  log: Log;
}

/** The native transport: takes upgrades of `/rooms/:roomId/ws` and `/inbox/ws`. */
export class NativeTransport {
  readonly #options: NativeTransportOptions;
  readonly #server: WebSockets;

  constructor(options: NativeTransportOptions) {
    this.#options = options;
    this.#server = new WebSockets({
      noServer: true,
      maxPayload: options.limits.frameBytes,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
  }

  /** Authenticates, joins the room, then opens the socket. Never rejects. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // A client may leave before it is answered; that is no defect.
    socket.on('error', () => undefined);
    try {
      const { origin, host = '' } = request.headers;
      if (!this.#options.origins.allows(origin, host)) throw foreignOrigin();
      const handshake = readHandshake(requestUrl(request), (name) =>
        request.headers[name]?.toString(),
      );
      const identity = await this.#options.authenticate(handshake.credentials);
      if (socket.destroyed) return;
      this.#options.pendingHandshakes.remove(socket);
      const end = new SocketEnd();
      const { roomId, join } = handshake;
      const attached = await (roomId === undefined
        ? this.#options.inboxes.attach({ identity, join, sink: end })
        : this.#options.rooms.attach(roomId, identity, join, end));
      this.#open(request, socket, head, (client) => this.#serve(client, end, roomId, attached));
      // If `ws` itself refuses the handshake, its connection must not stay in the room.
      if (!end.isOpen) attached.depart('disconnected');
    } catch (error) {
      const problem = this.#problem(error);
      await delayRefusalOf(problem.code);
      const offered = request.headers['sec-websocket-protocol'];
      if (offersSubprotocol(offered)) this.#refuseOnSocket(request, socket, head, problem);
      else refuseUpgrade(socket, problem);
    }
  }

  get socketCount(): number {
    return this.#server.clients.size;
  }

  #open(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    serve: (client: WebSocket) => void,
  ): void {
    this.#server.handleUpgrade(request, socket, head, serve);
  }

  #serve(
    client: WebSocket,
    end: SocketEnd,
    roomId: string | undefined,
    { connection, room, depart }: Attached,
  ): void {
    end.open(client);
    const own = { ...this.#options, queue: room.queue.bind(room) };
    const doOwn = (command: Command) => void runTransportCommand(roomId, connection, command, own);
    throttleReading(client, () => connection.state.identity, this.#options.limits, [
      (data, isBinary) => {
        end.heard();
        if (!connection.open) return;
        const text = isBinary ? data : data.toString();
        if (text === 'ping') end.pong();
        else room.queue((live) => receive(live, connection, text, this.#options.limits, doOwn));
      },
    ]);
    client.on('close', (code) => depart(leaveReasonOf(code)));
  }

  #refuseOnSocket(request: IncomingMessage, socket: Duplex, head: Buffer, problem: Problem): void {
    const { line, code } = refusalOnSocket(problem, requestUrl(request).pathname);
    this.#open(request, socket, head, (client) => {
      client.send(line);
      client.close(code, problem.message);
    });
  }

  #problem(error: unknown): Problem {
    if (error instanceof Refusal) return error.problem;
    this.#options.log.failure('upgrade', error);
    return internalProblem;
  }
}

/** The frame sent last, encoded: a room sends one frame to all its connections in turn. */
let prepared: { frame: Frame; bytes: Buffer } | undefined;

const PONG = textFrame('pong');

/** The room's end of a native socket. */
class SocketEnd implements Sink {
  #client: WebSocket | undefined;
  /** Frames and a close that were due before the handshake was over. */
  #early: ((client: WebSocket) => void)[] = [];
  #lastSeenAt = 0;
  #pings = false;

  get isOpen(): boolean {
    return this.#client !== undefined;
  }

  open(client: WebSocket): void {
    this.#client = client;
    for (const act of this.#early.splice(0)) act(client);
  }

  heard(): void {
    this.#lastSeenAt = Date.now();
  }

  pong(): void {
    this.#pings = true;
    if (this.#client !== undefined) writeFrame(this.#client, PONG);
  }

  frame(frame: Frame): void {
    if (prepared?.frame !== frame) prepared = { frame, bytes: textFrame(frame.text) };
    const { bytes } = prepared;
    if (this.#client === undefined) this.#early.push((client) => writeFrame(client, bytes));
    else writeFrame(this.#client, bytes);
  }

  close(code: number, reason: string): void {
    if (this.#client === undefined) this.#early.push((client) => client.close(code, reason));
    else this.#client.close(code, reason);
  }

  buffered(): number {
    return this.#client?.bufferedAmount ?? 0;
  }

  lastSeenAt(): number | undefined {
    return this.#pings ? this.#lastSeenAt : undefined;
  }
}

/** Answers an upgrade with an HTTP status, by default that of the problem, and a JSON error. */
export function refuseUpgrade(socket: Duplex, problem: Problem, status?: number): void {
  const [body, code, headers] = refusalResponse(problem);
  answerUpgrade(socket, status ?? code, JSON.stringify(body), headers);
}
