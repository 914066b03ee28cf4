import { Encoder, type Packet, PacketType } from 'socket.io-parser';
import { addressOf, type EncodedEvents } from './encoded-events.ts';
import { encodeMessages, type EngineData, type EngineFrames } from './engine-packet.ts';

// An encoder holds nothing between packets.
const encoder = new Encoder();

/** What a socket needs of its session, which drops what a socket sends after its end. */
export interface NamespacePort {
  /** Sends packets that are encoded already. */
  sendFrames(socket: NamespaceSocket, frames: EngineFrames): void;
  /** Sends DISCONNECT and ends the membership. */
  disconnect(socket: NamespaceSocket): void;
}

/**
 * A client's membership in one namespace. Everything here is without effect once it has ended; a
 * client that does not read is disconnected, so nothing here waits or fails.
 */
export class NamespaceSocket {
  readonly namespace: string;
  /** The socket's id, as the client knows it: 22 characters. */
  readonly sid: string;
  readonly #port: NamespacePort;
  readonly #address: string;

  constructor(namespace: string, sid: string, port: NamespacePort) {
    this.namespace = namespace;
    this.sid = sid;
    this.#port = port;
    this.#address = addressOf(namespace);
  }

  /**
   * Sends an event. Arguments are what JSON can hold, and `ArrayBuffer` or `Uint8Array` anywhere in
   * them.
   */
  emit(name: string, ...args: unknown[]): void {
    this.#send(PacketType.EVENT, [name, ...args]);
  }

  /**
   * Sends an event and asks the client to acknowledge it: see `SocketIoOwner.onAck`.
   * @param ackId a whole number that the owner chooses, and gets back with the answer
   */
  emitWithAck(ackId: number, name: string, ...args: unknown[]): void {
    this.#send(PacketType.EVENT, [name, ...args], ackId);
  }

  /**
   * Sends events that were encoded once, by `encodeEvent` or `encodeTexts`, so that a broadcast costs
   * little more than the write for each socket.
   */
  emitEncoded(events: EncodedEvents): void {
    this.#port.sendFrames(this, events.framesAt(this.#address));
  }

  /**
   * Acknowledges an event, once.
   * @param ackId that of the event; undefined if the client wants no answer: nothing is sent
   */
  ack(ackId: number | undefined, ...args: unknown[]): void {
    if (ackId !== undefined) this.#send(PacketType.ACK, args, ackId);
  }

  /** Acknowledges an event with what is already a JSON array: `[{"ok":true}]`. */
  ackText(ackId: number, argumentsText: string): void {
    const packet = `${PacketType.ACK}${this.#address}${ackId}${argumentsText}`;
    this.#port.sendFrames(this, encodeMessages([packet]));
  }

  /** Sends DISCONNECT: the client leaves this namespace and does not rejoin it by itself. */
  disconnect(): void {
    this.#port.disconnect(this);
  }

  #send(type: PacketType, data: unknown[], ackId?: number): void {
    const packet: Packet = { type, nsp: this.namespace, data };
    if (ackId !== undefined) packet.id = ackId;
    this.#port.sendFrames(this, encodeMessages(encoder.encode(packet) as EngineData[]));
  }
}
