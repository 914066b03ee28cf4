import type { RoomDirectory } from '../doors/room-directory.ts';
import type { Reply } from '../protocol/commands.ts';
import { unavailableProblem } from '../protocol/errors.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Result } from '../protocol/lines.ts';
import type { Asking } from '../room/room.ts';
import type { Environment } from './environment.ts';

/** Rooms as Durable Objects, one for each room id. */
export class ObjectDirectory implements Pick<RoomDirectory, 'execute'> {
  readonly #rooms: Environment['ROOM'];

  constructor(rooms: Environment['ROOM']) {
    this.#rooms = rooms;
  }

  async execute<N extends Asking>(
    roomId: string,
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<Reply<N>>> {
    try {
      return await this.#rooms.getByName(roomId).execute(identity, name, payload);
    } catch (error) {
      console.error(JSON.stringify({ event: 'room unreachable', error: String(error) }));
      return { ok: false, error: unavailableProblem };
    }
  }
}
