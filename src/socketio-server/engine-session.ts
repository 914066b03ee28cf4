import type { Clock } from './clock.ts';
import {
  encodeMessages,
  encodePackets,
  type EngineData,
  type EngineFrames,
  type EnginePacket,
  type ReceivedPacket,
} from './engine-packet.ts';
import { Heartbeat } from './heartbeat.ts';
import type { SocketIoSettings } from './settings.ts';

/**
 * Why a session ended. Protocol section 4: after `client close` the user has left, after anything else
 * the user was disconnected.
 *
 * - `client close`: an Engine.IO close packet, or a WebSocket closed with 1000 or no code
 * - `transport close`: the WebSocket was lost
 * - `transport error`: broken rules of a transport: overlapping polls, an aborted one, a ping
 * - `ping timeout`: a ping was not answered in time
 * - `parse error`: something came that is not a packet
 * - `too large`: a frame over `maxPayloadBytes`
 * - `too slow`: the client does not read what it is sent
 * - `forced close`: the owner closed it
 */
export type EngineCloseReason =
  | 'client close'
  | 'transport close'
  | 'transport error'
  | 'ping timeout'
  | 'parse error'
  | 'too large'
  | 'too slow'
  | 'forced close';

/** How a WebSocket is closed; neither code nor reason when left out. */
export interface CloseFrame {
  code: number;
  reason?: string;
}

/** What carries a session's packets to its client. */
export interface EngineTransport {
  /** As in `EngineSink`. */
  readonly unreadBytes: number;
  /** Takes frames to deliver in order, at once or as soon as the client asks. */
  send(frames: EngineFrames): void;
  /** Delivers what waits, then closes, then calls `closed`, perhaps before this returns. */
  end(frame: CloseFrame | undefined, closed: () => void): void;
  /** Closes at once; what waits is lost. */
  abort(frame: CloseFrame | undefined): void;
}

/** What uses a session, such as a Socket.IO session, or the echo of the conformance fixture. */
export interface EngineOwner {
  /** A message came. Must not throw. */
  onMessage(data: EngineData): void;
  /** The session is over; called once. Must not throw. */
  onClose(reason: EngineCloseReason): void;
}

/** What an owner may do with its session. */
export interface EngineSink {
  readonly sid: string;
  /**
   * Bytes that wait for the client. If the runtime does not know: 0, or for a client that is late to
   * answer a ping, all bytes that were sent since its last sign of life.
   */
  readonly unreadBytes: number;
  /** Sends one message; without effect once the session is over. */
  send(data: EngineData): void;
  /** Sends messages that are encoded already, together and in order: see `encodeMessages`. */
  sendFrames(frames: EngineFrames): void;
  /** Ends the session; the owner's `onClose` is called before this returns. */
  close(frame?: CloseFrame, reason?: EngineCloseReason): void;
}

/**
 * Makes the owner of a session that has just begun, or was resumed. What the owner sends at once
 * follows the open packet, or the packets that the earlier transport had not sent. It must not close
 * the session yet.
 */
export type CreateOwner = (session: EngineSink) => EngineOwner;

/** Owner of a session that has not begun. */
const NO_OWNER: EngineOwner = { onMessage: () => {}, onClose: () => {} };

/** What every session is made of. */
export interface EngineSessionOptions {
  sid: string;
  settings: SocketIoSettings;
  clock: Clock;
  createOwner: CreateOwner;
}

/**
 * One Engine.IO session over any transport, begun by `open` or `resume`. Packets come in by `receive`
 * and leave through the transport; the session pings its client, hands messages to its owner, and
 * ends on anything that breaks the protocol.
 *
 * `closing` is the time between the owner's `close` and the delivery of what waits: nothing more
 * is sent or handled, but the heartbeat still runs, so that this state ends.
 */
export class EngineSession implements EngineSink {
  readonly sid: string;
  readonly #settings: SocketIoSettings;
  readonly #transport: EngineTransport;
  readonly #heartbeat: Heartbeat;
  readonly #createOwner: CreateOwner;
  #owner = NO_OWNER;
  #state: 'open' | 'closing' | 'closed' = 'open';

  constructor(transport: EngineTransport, options: EngineSessionOptions) {
    this.sid = options.sid;
    this.#settings = options.settings;
    this.#transport = transport;
    this.#heartbeat = new Heartbeat(options.clock, options.settings, {
      ping: () => this.#send({ type: 'ping' }),
      timeout: () => this.lost('ping timeout'),
    });
    this.#createOwner = options.createOwner;
  }

  get state(): 'open' | 'closing' | 'closed' {
    return this.#state;
  }

  get unreadBytes(): number {
    return this.#transport.unreadBytes;
  }

  /** Begins a new session with the open packet; `upgrades` are the transports it may move to. */
  open(upgrades: readonly 'websocket'[]): void {
    const { pingIntervalMs, pingTimeoutMs, maxPayloadBytes } = this.#settings;
    const handshake = {
      sid: this.sid,
      upgrades,
      pingInterval: pingIntervalMs,
      pingTimeout: pingTimeoutMs,
      maxPayload: maxPayloadBytes,
    };
    this.#send({ type: 'open', data: JSON.stringify(handshake) });
    this.#begin();
  }

  /** Continues a session that another transport began; `packets` were still to be sent. */
  resume(packets: readonly EnginePacket[]): void {
    if (packets.length > 0) this.#transport.send(encodePackets(packets));
    this.#begin();
  }

  /** Stops without any event for client or owner, because the session continues elsewhere. */
  handOver(): void {
    this.#state = 'closed';
    this.#heartbeat.stop();
  }

  /** Takes what the transport received. */
  receive(packet: ReceivedPacket): void {
    if (this.#state !== 'open') return;
    if (packet.type !== 'pong') this.#heartbeat.packetReceived();
    switch (packet.type) {
      case 'message':
        this.#owner.onMessage(packet.data);
        break;
      case 'pong':
        this.#heartbeat.pong();
        break;
      case 'close':
        this.lost('client close');
        break;
      case 'ping':
        // In version 4 only the server pings.
        this.lost('transport error');
        break;
      case 'error':
        this.lost('parse error');
        break;
      case 'open':
      case 'upgrade':
      case 'noop':
        break;
    }
  }

  send(data: EngineData): void {
    this.sendFrames(encodeMessages([data]));
  }

  sendFrames(frames: EngineFrames): void {
    if (this.#state === 'open') this.#transport.send(frames);
  }

  close(frame?: CloseFrame, reason: EngineCloseReason = 'forced close'): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#owner.onClose(reason);
    this.#transport.end(frame, () => {
      this.#state = 'closed';
      this.#heartbeat.stop();
    });
  }

  /** Ends the session at once: its transport broke, or its client broke the rules. */
  lost(reason: EngineCloseReason, frame?: CloseFrame): void {
    const { state } = this;
    if (state === 'closed') return;
    this.#state = 'closed';
    this.#heartbeat.stop();
    this.#transport.abort(frame);
    if (state === 'open') this.#owner.onClose(reason);
  }

  #begin(): void {
    this.#heartbeat.start();
    this.#owner = this.#createOwner(this);
  }

  #send(packet: EnginePacket): void {
    this.sendFrames(encodePackets([packet]));
  }
}
