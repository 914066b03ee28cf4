import { Encoder, PacketType } from 'socket.io-parser';
import { encodeMessages, type EngineData, type EngineFrames } from './engine-packet.ts';

/**
 * Events encoded once, to be sent to however many sockets by `NamespaceSocket.emitEncoded`. What
 * they hold does not change any more: it is that of the moment they are first sent.
 */
export interface EncodedEvents {
  /** The frames for sockets of a namespace; made at the first call for each. */
  framesIn(namespace: string): EngineFrames;
}

/**
 * One event for many sockets. Arguments are what JSON can hold, and `ArrayBuffer` or `Uint8Array`
 * anywhere in them.
 */
export function encodeEvent(name: string, ...args: unknown[]): EncodedEvents {
  const data = [name, ...args];
  return memoized((nsp) => {
    // An encoder holds nothing between packets.
    const packet = { type: PacketType.EVENT, nsp, data };
    return encodeMessages(new Encoder().encode(packet) as EngineData[]);
  });
}

/**
 * Events whose names and arguments are JSON arrays already, such as `["message",{"text":"hello"}]`:
 * one text, one event. They are sent as they are, so what is no such array ends the client's session.
 */
export function encodeTexts(texts: readonly string[]): EncodedEvents {
  return memoized((namespace) => {
    const prefix = `${PacketType.EVENT}${addressOf(namespace)}`;
    return encodeMessages(texts.map((text) => prefix + text));
  });
}

/** How a packet names its namespace; the main one is not named. */
export function addressOf(namespace: string): string {
  return namespace === '/' ? '' : `${namespace},`;
}

function memoized(encode: (namespace: string) => EngineFrames): EncodedEvents {
  const made = new Map<string, EngineFrames>();
  return {
    framesIn(namespace) {
      const known = made.get(namespace);
      if (known !== undefined) return known;
      const frames = encode(namespace);
      made.set(namespace, frames);
      return frames;
    },
  };
}
