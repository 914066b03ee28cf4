import { costOf } from '../protocol/commands.ts';
import { joinedLine } from '../protocol/frames.ts';
import type { Connection } from './ports.ts';
import type { RoomServices } from './services.ts';

/**
 * Joins a connection.
 * @throws Refusal when the room refuses it: then nothing is stored and the connection is not added
 */
export function connectTo(
  { tokenExpiry, rates, pipeline, connections, outbox, effects }: RoomServices,
  connection: Connection,
  payload: unknown,
): void {
  const { identity } = connection.state;
  tokenExpiry.sweep();
  rates.charge(identity.userId, costOf('joinRoom', identity));
  const planned = pipeline.run('joinRoom', { identity, connection }, payload);
  connections.add(connection);
  tokenExpiry.watch(connection);
  outbox.reply(connection, joinedLine(planned.reply));
  effects.apply(planned.effects);
}
