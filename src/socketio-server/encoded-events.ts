import { Encoder, PacketType } from 'socket.io-parser';
import { encodeMessages, type EngineData, type EngineFrames } from './engine-packet.ts';

// An encoder holds nothing between packets.
const encoder = new Encoder();

/**
 * Events that are encoded once, when they are first sent, for any number of sockets: see
 * `NamespaceSocket.emitEncoded`. Later changes of their arguments are not sent.
 */
export class EncodedEvents {
  readonly #encode: (address: string) => readonly EngineData[];
  readonly #made = new Map<string, EngineFrames>();

  /** See `encodeEvent` and `encodeTexts`. */
  constructor(encode: (address: string) => readonly EngineData[]) {
    this.#encode = encode;
  }

  /** The frames for sockets of a namespace, by its {@link addressOf}; made at the first call. */
  framesAt(address: string): EngineFrames {
    const known = this.#made.get(address);
    if (known !== undefined) return known;
    const frames = encodeMessages(this.#encode(address));
    this.#made.set(address, frames);
    return frames;
  }
}

/**
 * One event for many sockets. Arguments are what JSON can hold, and `ArrayBuffer` or `Uint8Array`
 * anywhere in them.
 */
export function encodeEvent(name: string, ...args: unknown[]): EncodedEvents {
  const data = [name, ...args];
  return new EncodedEvents((address) => {
    const nsp = address.slice(0, -1) || '/';
    return encoder.encode({ type: PacketType.EVENT, nsp, data }) as EngineData[];
  });
}

/**
 * Events whose names and arguments are JSON arrays already, such as `["message",{"text":"hello"}]`:
 * one text, one event. They are sent unchecked, so a text that is no such array ends the client's
 * session.
 */
export function encodeTexts(texts: readonly string[]): EncodedEvents {
  return new EncodedEvents((address) => texts.map((text) => PacketType.EVENT + address + text));
}

/** How a packet names its namespace: followed by a comma; the main namespace is not named. */
export function addressOf(namespace: string): string {
  return namespace === '/' ? '' : `${namespace},`;
}
