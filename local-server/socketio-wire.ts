import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'socket.io';
import type { WebSocket } from 'ws';
import { memoizeByIdentity } from '../src/following/memoize-by-identity.ts';
import type { SocketWire } from '../src/transports/socketio/socket-wire.ts';
import type { Conn } from './connect-gate.ts';
import { textFrame, writeFrame } from './prepared-frames.ts';

/** The WebSocket beneath a transport that has one. */
export function webSocketOf(transport: unknown): WebSocket | undefined {
  return (transport as { socket?: WebSocket }).socket;
}

/** The connection beneath a transport; with polling, that of the request which waits for events. */
export function carrierOf(transport: unknown): Duplex | undefined {
  const { req } = transport as { req?: IncomingMessage | null };
  const webSocket = webSocketOf(transport) as { _socket?: Duplex } | undefined;
  return webSocket === undefined ? req?.socket : webSocket._socket;
}

/**
 * All lines as the frames of one write: "4" is an Engine.IO message, "2" a Socket.IO EVENT, and a
 * line is its array. A frame holds one packet, but a write to the kernel may hold many frames.
 */
const framesOf = memoizeByIdentity((lines: readonly string[]) =>
  Buffer.concat(lines.map((line) => textFrame(`42${line}`))),
);

/** Lines become packets by prefixing. */
export function wireOf(socket: Socket): SocketWire {
  return {
    events: (lines) => {
      if (!socket.connected) return;
      const { conn } = socket;
      const webSocket = webSocketOf(conn.transport);
      // What the official server has not given to the socket yet must leave first.
      if (webSocket === undefined || unsentOf(conn).length > 0) {
        for (const line of lines) conn.send(`2${line}`);
      } else writeFrame(webSocket, framesOf(lines));
    },
    end: (how) => {
      if (how === 'stayAway') socket.disconnect(true);
      else socket.conn.close();
    },
    buffered: () => bufferedOf(socket),
  };
}

function bufferedOf({ conn }: Socket): number {
  let bytes = webSocketOf(conn.transport)?.bufferedAmount ?? 0;
  for (const { data } of unsentOf(conn)) bytes += typeof data === 'string' ? data.length : 0;
  return bytes;
}

/** The packets that wait within the official server. */
function unsentOf(conn: Conn): readonly { data?: unknown }[] {
  return (conn as unknown as { writeBuffer: { data?: unknown }[] }).writeBuffer;
}
