import { decodePacket, decodePayload, encodePacket } from 'engine.io-parser';
import { encodeBase64 } from './base64.ts';
import { byteLength } from './byte-length.ts';

/** What an Engine.IO message carries. Received data is never a `Uint8Array`. */
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

/** What a transport received: a packet, or something that is not a packet. */
export type ReceivedPacket = EnginePacket | { type: 'error' };

/** Between the packets of a long-polling payload. */
const SEPARATOR = '\x1e';

/** The first character of a message that is text. */
const MESSAGE = '4';

/** Packets as WebSocket frames, encoded once for any number of sessions. */
export interface EngineFrames {
  readonly frames: readonly EngineData[];
  /** The bytes of all frames together. */
  readonly bytes: number;
}

/** The packet in a WebSocket frame. */
export function decodeFrame(frame: string | ArrayBuffer): ReceivedPacket {
  if (typeof frame === 'string' && frame.startsWith(MESSAGE)) {
    return { type: 'message', data: frame.slice(1) };
  }
  return decodePacket(frame, 'arraybuffer') as ReceivedPacket;
}

/** The packets in a long-polling body; what follows something that is not a packet is left out. */
export function decodeBody(body: string): ReceivedPacket[] {
  return decodePayload(body, 'arraybuffer').map(withData);
}

/** Messages as frames. */
export function encodeMessages(messages: readonly EngineData[]): EngineFrames {
  const frames: EngineData[] = [];
  let bytes = 0;
  for (const data of messages) {
    const frame = typeof data === 'string' ? MESSAGE + data : data;
    frames.push(frame);
    bytes += byteLength(frame);
  }
  return { frames, bytes };
}

/** Packets as frames. */
export function encodePackets(packets: readonly EnginePacket[]): EngineFrames {
  const frames = packets.map(encodeFrame);
  return { frames, bytes: frames.reduce((sum, frame) => sum + byteLength(frame), 0) };
}

/** A packet as a WebSocket frame. */
export function encodeFrame(packet: EnginePacket): EngineData {
  const data = 'data' in packet ? packet.data : undefined;
  return typeof data === 'object' ? data : encodeText(packet);
}

/** Frames as a long-polling body. */
export function encodeBody(frames: readonly EngineData[]): string {
  const text = (frame: EngineData) =>
    typeof frame === 'string' ? frame : `b${encodeBase64(new Uint8Array(frame))}`;
  return frames.map(text).join(SEPARATOR);
}

/** The packet that one of our own frames holds. */
export function packetIn(frame: EngineData): EnginePacket {
  // The parser would take the whole buffer of a view that shows only a part of it.
  if (typeof frame === 'object') return { type: 'message', data: frame };
  return decodeFrame(frame) as EnginePacket;
}

function encodeText(packet: EnginePacket): string {
  let text = '';
  // The parser calls back at once, except for a Blob, which no packet here holds.
  encodePacket(packet, true, (encoded: string) => {
    text = encoded;
  });
  return text;
}

/** Adds the data of an empty message, which the parser leaves out. */
function withData(packet: { type: string; data?: unknown }): ReceivedPacket {
  return (packet.type === 'message' ? { data: '', ...packet } : packet) as ReceivedPacket;
}
