import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

/** How an attempt to open a socket, and what was sent through it, came out. */
export interface RawSocket {
  socket: WebSocket;
  /** Every text frame that came. */
  frames: string[];
  /** The status and body where the upgrade was refused. */
  refused: { status: number; body: string } | undefined;
  /** Settles when the handshake is over, one way or the other. */
  opened: Promise<void>;
  /** The close code. */
  closed: Promise<number>;
  /** Waits until a frame fits. */
  frame(fits: (frame: string) => boolean): Promise<string>;
}

/** A bare WebSocket, for what no decent client would send. */
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
