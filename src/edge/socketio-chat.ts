import {
  ChatSocket,
  type ChatHandOver,
  type ChatPorts,
  type RoomSignals,
} from '../transports/socketio/chat.ts';
import type { SocketWire } from '../transports/socketio/socket-wire.ts';
import type { MovableDirectory, MovableLink } from '../host/room-directory.ts';
import { memoizeByIdentity } from '../following/memoize-by-identity.ts';
import { systemClock } from '../socketio-server/clock.ts';
import { encodeTexts } from '../socketio-server/encoded-events.ts';
import { secureSid } from '../socketio-server/sid.ts';
import { credentialsOf, type Handshake } from '../transports/socketio/credentials.ts';
import type {
  CreateOwner,
  EngineCloseReason,
  EngineSink,
} from '../socketio-server/engine-session.ts';
import type { NamespaceSocket } from '../socketio-server/namespace-socket.ts';
import { DEFAULT_SETTINGS, type SocketIoSettings } from '../socketio-server/settings.ts';
import { type SocketIoHandOver, SocketIoSession } from '../socketio-server/socketio-session.ts';
import type {
  ConnectRequest,
  DisconnectReason,
  ReceivedEvent,
  SocketIoOwner,
} from '../socketio-server/socketio-owner.ts';
import { inboundLimiter } from '../admission/inbound-limiter.ts';
import { FloodBans } from '../admission/flood-bans.ts';
import { delayRefusalOf } from '../admission/delay-refusal.ts';
import { MAX_AHEAD_MS } from '../admission/policies.ts';
import { closeCodes, closeReasons } from '../protocol/codes/close-codes.ts';
import { internalProblem, Refusal } from '../protocol/codes/errors.ts';
import { costFor, type Identity } from '../protocol/identity.ts';
import type { TokenBucket } from '../protocol/token-bucket.ts';
import type { Settings } from '../settings/settings.ts';
import type { PendingHandshake } from './pending-handshakes.ts';

/** A session of the Socket.IO transport on its way from polling to a WebSocket. */
export interface SessionHandOver {
  socketIo: SocketIoHandOver;
  /** Missing while the client has not connected. */
  chat?: ChatHandOver;
  /** Missing when an earlier version hands over. */
  handshake?: Handshake;
}

export interface EdgeChatPorts extends ChatPorts<MovableLink> {
  directory: MovableDirectory;
  settings: Settings;
}

/** What a session needs of its carrier, a polling-session object or a Worker's WebSocket. */
export interface Carrier {
  /** The pending handshake of a session that has not authenticated yet. */
  pending?: PendingHandshake;
  /** Read from the request that opened the session, or its WebSocket. */
  handshake: Handshake;
}

/** The Socket.IO server's settings, derived from Parlor's. */
export function socketIoSettings({ limits, ...settings }: Settings): SocketIoSettings {
  return {
    ...DEFAULT_SETTINGS,
    pingIntervalMs: settings.PING_INTERVAL_MS,
    pingTimeoutMs: settings.PING_TIMEOUT_MS,
    connectTimeoutMs: limits.connectTimeoutMs,
    maxPayloadBytes: limits.frameBytes,
    maxBufferedBytes: limits.unsentBytes,
  };
}

/** Encodes lines as packets, once for all sockets that are given the same list. */
const encoded = memoizeByIdentity(encodeTexts);

/** Bans of users who flooded over Socket.IO, as far as this isolate knows. */
const floodBans = new FloodBans();

/** Disconnects that the client meant: its user has left. */
const MEANT: ReadonlySet<DisconnectReason | EngineCloseReason> = new Set([
  'client namespace disconnect',
  'client close',
]);

/** The chat of one Socket.IO session at the edge: its identity and its rooms. */
export class SessionChat implements SocketIoOwner {
  readonly #ports: EdgeChatPorts;
  readonly #carrier: Carrier;
  readonly #from: SessionHandOver | undefined;
  #engine: EngineSink | undefined;
  #session: SocketIoSession | undefined;
  #socket: NamespaceSocket | undefined;
  #chat: ChatSocket<MovableLink> | undefined;
  /** How many events and joins the session has carried: see `#keepWithinBudget`. */
  #events = 0;
  #joins = 0;
  readonly #inbound: TokenBucket;
  #identity: Identity | undefined;
  #late: Promise<RoomSignals[]> | undefined;

  /** @param from what an earlier holder of the session has handed over */
  constructor(ports: EdgeChatPorts, carrier: Carrier, from?: SessionHandOver) {
    this.#ports = ports;
    this.#carrier = carrier;
    this.#from = from;
    this.#identity = from?.chat?.identity;
    this.#inbound = inboundLimiter(ports.limits, Date.now());
  }

  readonly createOwner: CreateOwner = (engine) => {
    this.#engine = engine;
    const settings = socketIoSettings(this.#ports.settings);
    const { timeoutMs = settings.connectTimeoutMs } = this.#carrier.pending ?? {};
    const options = {
      settings: { ...settings, connectTimeoutMs: timeoutMs },
      clock: systemClock,
      newSid: secureSid,
      owner: this,
    };
    if (this.#from === undefined) {
      this.#session = new SocketIoSession(engine, options);
    } else {
      this.#session = SocketIoSession.resume(engine, options, this.#from.socketIo);
      this.#socket = this.#session.socket('/');
      const { chat } = this.#from;
      if (chat !== undefined) this.#chat = ChatSocket.resume(chat, this.#ports, this.#wire());
    }
    return this.#session;
  };

  /** Resolves when no command waits for its answer. */
  async settle(): Promise<void> {
    await this.#chat?.answers.settle();
  }

  /** Ends the session here, for another holder to continue it. */
  handOver(): SessionHandOver | undefined {
    const socketIo = this.#session?.handOver();
    if (socketIo === undefined) return undefined;
    const handshake = this.#handshake;
    if (this.#chat === undefined) return { socketIo, handshake };
    const { state, late } = ChatSocket.handOver(this.#chat);
    this.#late = late;
    return { socketIo, handshake, chat: state };
  }

  /** Signals that came after `handOver`, before the next holder had joined the rooms. */
  async lateSignals(): Promise<RoomSignals[]> {
    return (await this.#late) ?? [];
  }

  /** Sends the late signals of the last holder, then later ones; without them if that holder is gone. */
  async takeLate(late: Promise<RoomSignals[]>): Promise<void> {
    const taken = await late.catch(() => []);
    this.#chat?.takeLate(taken);
  }

  get #handshake(): Handshake {
    return this.#from?.handshake ?? this.#carrier.handshake;
  }

  onConnect(request: ConnectRequest): void {
    if (request.namespace === '/') void this.#admit(request);
    else request.refuse({ message: 'Invalid namespace' });
  }

  onEvent(_socket: NamespaceSocket, { args, ackId }: ReceivedEvent): void {
    const [name, ...given] = args;
    if (name === 'joinRoom') this.#joins++;
    if (this.#inbound.take(Date.now(), costFor(this.#identity ?? {})) > MAX_AHEAD_MS) {
      if (this.#identity !== undefined) floodBans.add(this.#identity.userId, Date.now());
      const code = closeCodes.protocolViolation;
      this.#chat?.end(code, closeReasons[code]);
      return;
    }
    this.#chat?.receive(
      String(name),
      given,
      ackId === undefined ? undefined : (result) => this.#socket?.ackText(ackId, `[${result}]`),
    );
    this.#keepWithinBudget();
  }

  onDisconnect(_socket: NamespaceSocket, reason: DisconnectReason): void {
    this.#chat?.close(MEANT.has(reason) ? 'left' : 'disconnected');
    this.#chat = undefined;
    this.#socket = undefined;
  }

  async #admit(request: ConnectRequest): Promise<void> {
    try {
      const identity = await this.#ports.authenticate(credentialsOf(request.auth, this.#handshake));
      floodBans.assertNotBanned(identity.userId, Date.now());
      this.#identity = identity;
      this.#carrier.pending?.remove();
      this.#socket = request.accept();
      if (this.#socket !== undefined) {
        this.#chat = new ChatSocket<MovableLink>(identity, this.#ports, this.#wire());
      }
    } catch (error) {
      const { code, message } = error instanceof Refusal ? error.problem : internalProblem;
      await delayRefusalOf(code);
      request.refuse({ message, data: { code } });
    }
  }

  #wire(): SocketWire {
    return {
      events: (lines) => {
        this.#socket?.emitEncoded(encoded(lines));
        this.#events += lines.length;
        this.#keepWithinBudget();
      },
      end: (how) => {
        if (how === 'stayAway') this.#socket?.disconnect();
        this.#session?.close();
      },
      buffered: () => this.#engine?.unreadBytes,
    };
  }

  /** A Worker's processor time is limited per request: closes a session that has carried very much. */
  #keepWithinBudget(): void {
    const { MAX_SOCKET_EVENTS, MAX_SOCKET_JOINS } = this.#ports.settings;
    if (this.#events > MAX_SOCKET_EVENTS || this.#joins > MAX_SOCKET_JOINS) this.#session?.close();
  }
}
