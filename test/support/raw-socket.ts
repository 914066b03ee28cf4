import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

/** A socket and everything that was received on it. */
export interface RawSocket {
  socket: WebSocket;
  /** All received text frames. */
  frames: string[];
  /** Status and body if the upgrade was refused. */
  refused: { status: number; body: string } | undefined;
  /** Resolves when the handshake is over, successful or not. */
  opened: Promise<void>;
  /** Resolves with the close code. */
  closed: Promise<number>;
  /** The first frame that fits; waits for one if needed. Rejects if the socket closes first. */
  frame(fits: (frame: string) => boolean): Promise<string>;
}

/** Opens a bare WebSocket, on which a test may send anything. */
export function rawSocket(
  url: string,
  headers: Record<string, string> = {},
  protocols: string[] = [],
): RawSocket {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, {
    headers,
    perMessageDeflate: false,
  });
  const watchers = new Set<() => void>();
  const raw: RawSocket = {
    socket,
    frames: [],
    refused: undefined,
    opened: new Promise((resolve) => {
      socket.on('open', resolve);
      socket.on('unexpected-response', (_, response: IncomingMessage) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () => {
          raw.refused = { status: response.statusCode ?? 0, body };
          resolve();
        });
      });
      socket.on('error', () => resolve());
    }),
    closed: new Promise((resolve) => {
      socket.on('close', resolve);
    }),
    frame: (fits) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = raw.frames.find((frame) => fits(frame));
          if (found !== undefined) resolve(found);
          else if (socket.readyState >= WebSocket.CLOSING) reject(new Error('It has closed.'));
          else return;
          watchers.delete(look);
        };
        watchers.add(look);
        look();
      }),
  };
  socket.on('message', (data: Buffer) => {
    raw.frames.push(data.toString());
    for (const look of watchers) look();
  });
  socket.on('close', () => {
    for (const look of watchers) look();
  });
  return raw;
}
