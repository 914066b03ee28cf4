import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import type { Spoken } from '../spoken.ts';

/** A Socket.IO server as small as the one Parlor began as: in memory, no history, no identity. */

const http = createServer();
const io = new Server(http);

io.on('connection', (socket) => {
  socket.on('joinRoom', ({ roomId }: { roomId: string }, answer?: () => void) => {
    void socket.join(roomId);
    answer?.();
  });
  socket.on('message', ({ roomId, message, sender }: Spoken) => {
    socket.to(roomId).emit('message', { roomId, message, sender, timestamp: Date.now() });
  });
});

http.listen(0, '127.0.0.1', () => {
  const { port } = http.address() as AddressInfo;
  process.stdout.write(`Listens on http://127.0.0.1:${port}\n`);
});
