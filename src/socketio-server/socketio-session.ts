import { Decoder, Encoder, type Packet, PacketType } from 'socket.io-parser';
import { byteLength } from './byte-length.ts';
import type { CancelTimer, Clock } from './clock.ts';
import { encodeMessages, type EngineData } from './engine-packet.ts';
import type { CloseFrame, EngineCloseReason, EngineOwner, EngineSink } from './engine-session.ts';
import { type NamespacePort, NamespaceSocket } from './namespace-socket.ts';
import type { SocketIoSettings } from './settings.ts';
import type { ConnectRequest, DisconnectReason, SocketIoOwner } from './socketio-owner.ts';

/** What a session is made of, besides the Engine.IO session that carries it. */
export interface SocketIoOptions {
  settings: SocketIoSettings;
  clock: Clock;
  /** Makes the id of a socket. */
  newSid: () => string;
  owner: SocketIoOwner;
}

/** A session on its way to another transport; survives structured cloning. */
export interface SocketIoHandOver {
  sockets: { namespace: string; sid: string }[];
  /** Requests that the owner has not answered. */
  requests: { namespace: string; auth: Record<string, unknown> }[];
  /** The parts so far of a packet with binary parts, and messages that wait for answers to requests. */
  parts: EngineData[];
}

/**
 * One Socket.IO version 5 session in an Engine.IO session: several namespaces, each joined by
 * CONNECT. Whatever breaks the protocol (a packet that cannot be parsed, one for a namespace that
 * was not joined, text where a binary part is due, a second CONNECT) ends the whole session and no
 * other. Messages that come before the answer to CONNECT wait for it, since clients need not wait.
 */
export class SocketIoSession implements EngineOwner {
  readonly #engine: EngineSink;
  readonly #options: SocketIoOptions;
  readonly #encoder = new Encoder();
  readonly #decoder: Decoder;
  readonly #sockets = new Map<string, NamespaceSocket>();
  readonly #requests = new Map<string, ConnectRequest>();
  readonly #cancelConnectTimeout: CancelTimer;
  readonly #port: NamespacePort = {
    sendFrames: (socket, frames) => {
      if (this.#sockets.get(socket.namespace) === socket) this.#engine.sendFrames(frames);
    },
    disconnect: (socket) => {
      if (this.#sockets.get(socket.namespace) !== socket) return;
      this.#send({ type: PacketType.DISCONNECT, nsp: socket.namespace });
      this.#leave(socket, 'server namespace disconnect');
    },
  };
  #decoded: Packet | undefined;
  #parts: EngineData[] = [];
  /** Messages since a request that is not answered yet, up to the size of one payload. */
  #held: EngineData[] = [];
  #heldBytes = 0;

  constructor(engine: EngineSink, options: SocketIoOptions) {
    this.#engine = engine;
    this.#options = options;
    const { settings, clock } = options;
    this.#decoder = new Decoder({ maxAttachments: settings.maxAttachments });
    this.#decoder.on('decoded', (packet) => {
      this.#decoded = packet;
    });
    this.#cancelConnectTimeout = clock.after(settings.connectTimeoutMs, () => this.close());
  }

  /** Continues a session that another transport began. The owner gets its open requests again. */
  static resume(
    engine: EngineSink,
    options: SocketIoOptions,
    handOver: SocketIoHandOver,
  ): SocketIoSession {
    const session = new SocketIoSession(engine, options);
    for (const { namespace, sid } of handOver.sockets) session.#join(namespace, sid);
    for (const { namespace, auth } of handOver.requests) session.#request(namespace, auth);
    for (const part of handOver.parts) session.onMessage(part);
    return session;
  }

  /** The socket of a namespace that the client has joined. */
  socket(namespace: string): NamespaceSocket | undefined {
    return this.#sockets.get(namespace);
  }

  /** Ends the session and its transport, without DISCONNECT, so that the client reconnects. */
  close(frame?: CloseFrame): void {
    this.#engine.close(frame);
  }

  /** Gives the session to another transport. The owner gets no more events of this one. */
  handOver(): SocketIoHandOver {
    const sockets = [...this.#sockets.values()].map(({ namespace, sid }) => ({ namespace, sid }));
    const requests = [...this.#requests.values()].map(({ namespace, auth }) => ({
      namespace,
      auth,
    }));
    const handOver = { sockets, requests, parts: [...this.#parts, ...this.#held] };
    this.#forget();
    return handOver;
  }

  onMessage(data: EngineData): void {
    if (this.#requests.size > 0 || this.#held.length > 0) this.#hold(data);
    else this.#handle(data);
  }

  #hold(data: EngineData): void {
    this.#heldBytes += byteLength(data);
    if (this.#heldBytes > this.#options.settings.maxPayloadBytes) {
      this.#engine.close(undefined, 'too large');
    } else this.#held.push(data);
  }

  /** Handles what waited, in order, up to the next request. */
  #release(): void {
    while (this.#requests.size === 0 && this.#held.length > 0) this.#handle(this.#held.shift()!);
    if (this.#held.length === 0) this.#heldBytes = 0;
  }

  #handle(data: EngineData): void {
    const packet = this.#decode(data);
    if (packet === 'incomplete') return;
    if (packet === 'malformed') this.#engine.close(undefined, 'parse error');
    else if (packet.type === PacketType.CONNECT) this.#connect(packet);
    else this.#receive(packet);
  }

  onClose(reason: EngineCloseReason): void {
    const sockets = [...this.#sockets.values()];
    this.#forget();
    for (const socket of sockets) this.#options.owner.onDisconnect(socket, reason);
  }

  #decode(data: EngineData): Packet | 'incomplete' | 'malformed' {
    // The parser reads an empty text as CONNECT.
    if (data === '') return 'malformed';
    this.#decoded = undefined;
    this.#parts.push(data);
    try {
      this.#decoder.add(data);
    } catch {
      return 'malformed';
    }
    if (!this.#decoded) return 'incomplete';
    this.#parts = [];
    return this.#decoded;
  }

  #receive(packet: Packet): void {
    const { owner } = this.#options;
    const socket = this.#sockets.get(packet.nsp);
    const args: unknown[] = packet.data ?? [];
    if (!socket || packet.type === PacketType.CONNECT_ERROR) {
      this.#engine.close();
    } else if (packet.type === PacketType.EVENT) {
      owner.onEvent(socket, { args, ackId: packet.id });
    } else if (packet.type === PacketType.ACK) {
      owner.onAck?.(socket, packet.id, args);
    } else {
      this.#leave(socket, 'client namespace disconnect');
    }
  }

  #connect({ nsp, data }: Packet): void {
    if (this.#sockets.has(nsp) || this.#requests.has(nsp)) this.#engine.close();
    else this.#request(nsp, data ?? {});
  }

  #request(namespace: string, auth: Record<string, unknown>): void {
    const request: ConnectRequest = {
      namespace,
      auth,
      accept: () => (this.#settle(request) ? this.#accept(namespace) : undefined),
      refuse: (error) => {
        if (this.#settle(request)) {
          this.#send({ type: PacketType.CONNECT_ERROR, nsp: namespace, data: error });
        }
      },
    };
    this.#requests.set(namespace, request);
    this.#options.owner.onConnect(request);
  }

  /** Marks a request as answered. @returns false if it was answered already */
  #settle(request: ConnectRequest): boolean {
    if (this.#requests.get(request.namespace) !== request) return false;
    // Not at once: the owner first does what follows from its answer.
    if (this.#held.length > 0) queueMicrotask(() => this.#release());
    return this.#requests.delete(request.namespace);
  }

  #accept(namespace: string): NamespaceSocket {
    const sid = this.#options.newSid();
    this.#send({ type: PacketType.CONNECT, nsp: namespace, data: { sid } });
    return this.#join(namespace, sid);
  }

  #join(namespace: string, sid: string): NamespaceSocket {
    this.#cancelConnectTimeout();
    const socket = new NamespaceSocket(namespace, sid, this.#port);
    this.#sockets.set(namespace, socket);
    return socket;
  }

  #leave(socket: NamespaceSocket, reason: DisconnectReason): void {
    this.#sockets.delete(socket.namespace);
    this.#options.owner.onDisconnect(socket, reason);
  }

  #forget(): void {
    this.#cancelConnectTimeout();
    this.#sockets.clear();
    this.#requests.clear();
    this.#decoder.destroy();
    this.#parts = [];
    this.#held = [];
  }

  #send(packet: Packet): void {
    this.#engine.sendFrames(encodeMessages(this.#encoder.encode(packet) as EngineData[]));
  }
}
