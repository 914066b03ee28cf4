import { decodePacket, decodePayload, encodePacket } from 'engine.io-parser';
import { encodeBase64 } from './base64.ts';
import { byteLength } from './byte-length.ts';

/** What an Engine.IO message carries. What comes in is never a `Uint8Array`. */
export type EngineData = string | ArrayBuffer | Uint8Array;

/** One packet of Engine.IO version 4. */
export type EnginePacket =
  | { type: 'open'; data: string }
  | { type: 'close' }
  | { type: 'ping'; data?: string }
  | { type: 'pong'; data?: string }
  | { type: 'message'; data: EngineData }
  | { type: 'upgrade' }
  | { type: 'noop' };

/** What a transport received: a packet, or something that is none. */
export type ReceivedPacket = EnginePacket | { type: 'error' };

/** Between the packets of a long-polling payload. */
const SEPARATOR = '\x1e';

/** A WebSocket frame as the packet it is. */
export function decodeFrame(frame: string | ArrayBuffer): ReceivedPacket {
  return received(decodePacket(frame, 'arraybuffer'));
}

/** A long-polling body as its packets; what follows one that is none is left out. */
export function decodeBody(body: string): ReceivedPacket[] {
  return decodePayload(body, 'arraybuffer').map(received);
}

/** A packet as a WebSocket frame. */
export function encodeFrame(packet: EnginePacket): EngineData {
  const data = 'data' in packet ? packet.data : undefined;
  return typeof data === 'object' ? data : encodeText(packet);
}

/** Packets as a long-polling body. */
export function encodeBody(packets: readonly EnginePacket[]): string {
  return packets.map(encodeForBody).join(SEPARATOR);
}

/** What a packet adds to a buffer, in bytes as a WebSocket frame. */
export function packetBytes(packet: EnginePacket): number {
  return 1 + byteLength(('data' in packet && packet.data) || '');
}

function encodeForBody(packet: EnginePacket): string {
  const data = 'data' in packet ? packet.data : undefined;
  // The parser would make base64 of binary data through a FileReader, which no Worker has.
  return typeof data === 'object' ? `b${encodeBase64(new Uint8Array(data))}` : encodeText(packet);
}

function encodeText(packet: EnginePacket): string {
  let text = '';
  // The parser calls back at once, but for a Blob, which no packet here holds.
  encodePacket(packet, true, (encoded: string) => {
    text = encoded;
  });
  return text;
}

/** The parser leaves the data of an empty message out. */
function received(packet: { type: string; data?: unknown }): ReceivedPacket {
  if (packet.type === 'message') {
    return { type: 'message', data: (packet.data ?? '') as EngineData };
  }
  return packet as ReceivedPacket;
}
