import { DurableObject } from 'cloudflare:workers';
import type { Spoken } from '../spoken.ts';

interface Environment {
  ROOM: DurableObjectNamespace<RoomObject>;
}

/** The least a room on workerd can do: one insert, then one `send` to each of the others. */
export class RoomObject extends DurableObject<Environment> {
  constructor(state: DurableObjectState, env: Environment) {
    super(state, env);
    state.storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS messages (seq INTEGER PRIMARY KEY, sender TEXT, message TEXT, timestamp INTEGER)',
    );
  }

  override fetch(): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(from: WebSocket, data: string): void {
    const { message, sender } = JSON.parse(data) as Spoken;
    const timestamp = Date.now();
    const [row] = this.ctx.storage.sql
      .exec<{ seq: number }>(
        'INSERT INTO messages (sender, message, timestamp) VALUES (?, ?, ?) RETURNING seq',
        sender,
        message,
        timestamp,
      )
      .toArray();
    const text = JSON.stringify(['message', { seq: row?.seq, sender, message, timestamp }]);
    for (const socket of this.ctx.getWebSockets()) if (socket !== from) socket.send(text);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    socket.close(code === 1005 || code === 1006 ? 1000 : code);
  }
}

export default {
  fetch(request, env) {
    return env.ROOM.getByName(new URL(request.url).pathname).fetch(request);
  },
} satisfies ExportedHandler<Environment>;
