import { type Packet, PacketType } from 'socket.io-parser';
import type { EnginePacket } from './engine-packet.ts';
import { ackText, eventPackets } from './packet-text.ts';

/** What a socket needs of its session, which looks whether the socket still is a member. */
export interface NamespacePort {
  /** Sends a packet, or the text of one. */
  send(socket: NamespaceSocket, packet: Packet | string): void;
  /** Sends what is prepared. */
  sendAll(socket: NamespaceSocket, packets: readonly EnginePacket[]): void;
  /** Sends DISCONNECT and ends the membership. */
  disconnect(socket: NamespaceSocket): void;
}

/** A client's membership in one namespace. Without effect once it has ended. */
export class NamespaceSocket {
  readonly namespace: string;
  readonly sid: string;
  readonly #port: NamespacePort;

  constructor(namespace: string, sid: string, port: NamespacePort) {
    this.namespace = namespace;
    this.sid = sid;
    this.#port = port;
  }

  /**
   * Sends an EVENT: its name, then its arguments, which may hold binary values. With `ackId`, which
   * the owner chooses, the client is asked to answer.
   */
  emit(args: unknown[], ackId?: number): void {
    this.#send(PacketType.EVENT, args, ackId);
  }

  /** Sends EVENTs, the name and arguments of each already a JSON array. */
  emitTexts(argumentsTexts: readonly string[]): void {
    this.#port.sendAll(this, eventPackets(this.namespace, argumentsTexts));
  }

  /** Answers an event; the owner sees to it that this happens once. */
  ack(ackId: number, args: unknown[]): void {
    this.#send(PacketType.ACK, args, ackId);
  }

  /** Answers an event with what is already a JSON array. */
  ackText(ackId: number, argumentsText: string): void {
    this.#port.send(this, ackText(this.namespace, ackId, argumentsText));
  }

  /** Sends DISCONNECT; the client does not come back by itself. */
  disconnect(): void {
    this.#port.disconnect(this);
  }

  #send(type: PacketType, data: unknown[], ackId: number | undefined): void {
    const packet: Packet = { type, nsp: this.namespace, data };
    if (ackId !== undefined) packet.id = ackId;
    this.#port.send(this, packet);
  }
}
