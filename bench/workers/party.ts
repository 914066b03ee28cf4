import { type Connection, routePartykitRequest, Server, type WSMessage } from 'partyserver';
import type { Spoken } from '../spoken.ts';

/** The room of `bare-object.ts` with PartyServer, hibernating: an insert, then its `broadcast`. */
export class RoomObject extends Server<Env> {
  static override options = { hibernate: true };

  override onStart(): void {
    this.ctx.storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS messages (seq INTEGER PRIMARY KEY, sender TEXT, message TEXT, timestamp INTEGER)',
    );
  }

  override onMessage(from: Connection, data: WSMessage): void {
    const { message, sender } = JSON.parse(data as string) as Spoken;
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
    this.broadcast(text, [from.id]);
  }
}

export default {
  async fetch(request, env) {
    return (await routePartykitRequest(request, env)) ?? new Response(null, { status: 404 });
  },
} satisfies ExportedHandler<Env>;
