/** Bun's own publish: µWebSockets inside, in memory. `bun bench/rivals/bun-publish.mjs` */
/* global Bun */

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request, self) {
    const room = new URL(request.url).pathname;
    return self.upgrade(request, { data: { room } })
      ? undefined
      : new Response(null, { status: 400 });
  },
  websocket: {
    perMessageDeflate: false,
    open(socket) {
      socket.subscribe(socket.data.room);
    },
    message(socket, text) {
      const { message, sender } = JSON.parse(text);
      const line = JSON.stringify(['message', { sender, message, timestamp: Date.now() }]);
      socket.publish(socket.data.room, line);
    },
  },
});

console.log(`Listens on http://127.0.0.1:${server.port}`);
