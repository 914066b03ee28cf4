import type { Socket as TcpSocket } from 'node:net';
import type { WebSocket } from 'ws';

/**
 * Frames made once and written to many sockets. Writing one small frame per listener and message is
 * where a chat server's time goes; `ws` would encode the text and make a header for each.
 */

const FINAL_TEXT = 0x81;

/** A whole text frame as a server sends it, unmasked and uncompressed (RFC 6455, 5.2). */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = Buffer.allocUnsafe(2 + extended + length);
  frame[0] = FINAL_TEXT;
  if (extended === 0) frame[1] = length;
  else if (extended === 2) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, 2 + extended);
  return frame;
}

/**
 * Writes a prepared frame after those that `ws` has written. Only for sockets without compression,
 * where `ws` itself holds nothing back.
 */
export function writeFrame(client: WebSocket, frame: Buffer): void {
  if (client.readyState !== client.OPEN) return;
  (client as unknown as { _socket: TcpSocket })._socket.write(frame);
}
