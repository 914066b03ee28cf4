import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'socket.io';
import type { WebSocket } from 'ws';
import type { Answer } from '../src/transports/socketio/command-answers.ts';
import type { SocketWire } from '../src/transports/socketio/socket-wire.ts';
import type { Conn } from './connect-gate.ts';
import { textFrame, writeFrame } from './prepared-frames.ts';

/** The WebSocket beneath a transport that has one. */
export function webSocketOf(transport: unknown): WebSocket | undefined {
  return (transport as { socket?: WebSocket }).socket;
}

/** The connection beneath a WebSocket, which the types of `ws` leave out. */
type Carried = { _socket?: Duplex };

/** A session of the official server, with the packets that wait within it. */
interface OfficialConn extends Pick<Conn, 'send' | 'close'> {
  readonly transport: { socket?: WebSocket };
  readonly writeBuffer: readonly { data?: unknown }[];
}

/** The connection beneath a transport; with polling, that of the request which waits for events. */
export function carrierOf(transport: unknown): Duplex | undefined {
  const { req } = transport as { req?: IncomingMessage | null };
  const webSocket = webSocketOf(transport) as Carried | undefined;
  return webSocket === undefined ? req?.socket : webSocket._socket;
}

/**
 * The lines sent last, as frames for one write: "4" is an Engine.IO message, "2" a Socket.IO EVENT,
 * and a line is its array. A frame holds one packet, but a write to the kernel may hold many frames.
 * A room sends the same lines to all its sockets in turn.
 */
let prepared: { lines: readonly string[]; frames: Buffer } | undefined;

/**
 * Lines and answers become packets by prefixing. The text of an answer is sent unchanged, in one write
 * with the frames that follow in this turn: the official server would parse it, search it for binary
 * parts, encode it and write it by itself.
 */
export function wireOf(socket: Socket): SocketWire {
  const { conn } = socket as unknown as { conn: OfficialConn };
  const answering = socket as unknown as { ack: (id: number) => Answer };
  answering.ack = (id) => (result) => {
    const packet = `3${id}[${result}]`;
    const webSocket = directOf(socket.connected, conn);
    if (webSocket !== undefined) {
      const { _socket: stream } = webSocket as Carried;
      stream?.cork();
      writeFrame(webSocket, textFrame(`4${packet}`));
      process.nextTick(() => stream?.uncork());
    } else if (socket.connected) conn.send(packet);
  };
  return {
    events: (lines) => {
      const webSocket = directOf(socket.connected, conn);
      if (webSocket === undefined) {
        if (socket.connected) for (const line of lines) conn.send(`2${line}`);
        return;
      }
      if (prepared?.lines !== lines) {
        const frames: Buffer[] = [];
        for (const line of lines) frames.push(textFrame(`42${line}`));
        prepared = { lines, frames: Buffer.concat(frames) };
      }
      writeFrame(webSocket, prepared.frames);
    },
    end: (how) => {
      if (how === 'stayAway') socket.disconnect(true);
      else conn.close();
    },
    buffered: () => {
      let bytes = conn.transport.socket?.bufferedAmount ?? 0;
      for (const { data } of conn.writeBuffer) bytes += typeof data === 'string' ? data.length : 0;
      return bytes;
    },
  };
}

/** The WebSocket to write to; undefined while the official server holds packets that must leave first. */
function directOf(isConnected: boolean, conn: OfficialConn): WebSocket | undefined {
  return isConnected && conn.writeBuffer.length === 0 ? conn.transport.socket : undefined;
}
