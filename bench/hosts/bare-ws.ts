import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { Spoken } from '../spoken.ts';

/** The least a room on Node can do: text made once, then one `send` to each of the others. */

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });

server.on('connection', (from) => {
  from.on('message', (data: Buffer) => {
    const { message, sender } = JSON.parse(data.toString()) as Spoken;
    const text = JSON.stringify(['message', { sender, message, timestamp: Date.now() }]);
    for (const client of server.clients) {
      if (client !== from && client.readyState === WebSocket.OPEN) client.send(text);
    }
  });
});

server.on('listening', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`Listens on http://127.0.0.1:${port}\n`);
});
