import { Server as Engine } from '@socket.io/bun-engine';
import { Server } from 'socket.io';

/** The seed-like server on Socket.IO's engine for Bun. `bun bench/rivals/socketio-on-bun.mjs` */
/* global Bun */

const io = new Server();
const engine = new Engine({ path: '/socket.io/' });
io.bind(engine);

io.on('connection', (socket) => {
  socket.on('joinRoom', ({ roomId }, answer) => {
    void socket.join(roomId);
    answer?.();
  });
  socket.on('message', ({ roomId, message, sender }) => {
    socket.to(roomId).emit('message', { roomId, message, sender, timestamp: Date.now() });
  });
});

const server = Bun.serve({ port: 0, hostname: '127.0.0.1', ...engine.handler() });
console.log(`Listens on http://127.0.0.1:${server.port}`);
