import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import type { Fixture } from './fixture.ts';

/** An official server with the fixture's Socket.IO recipe and its `patient` settings. */
export async function startOfficial(): Promise<Fixture> {
  const http = createServer();
  const io = new Server(http, {
    pingInterval: 25_000,
    pingTimeout: 20_000,
    maxHttpBufferSize: 1_000_000,
    connectTimeout: 20_000,
    httpCompression: false,
    serveClient: false,
  });
  for (const namespace of ['/', '/custom']) {
    io.of(namespace).on('connection', (socket) => {
      socket.emit('auth', socket.handshake.auth);
      if (namespace !== '/') return;
      socket.on('message', (...args: unknown[]) => {
        // The callback of a requested acknowledgement is not echoed.
        socket.emit('message-back', ...args.filter((arg) => typeof arg !== 'function'));
      });
      socket.on('message-with-ack', (...args: unknown[]) => {
        const acknowledge = args.at(-1);
        if (typeof acknowledge === 'function') acknowledge(...args.slice(0, -1));
      });
    });
  }
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => io.close() };
}
