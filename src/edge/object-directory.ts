import type {
  LinkListener,
  LinkState,
  MovableDirectory,
  MovableLink,
} from '../doors/room-directory.ts';
import { SteadyLink } from '../doors/steady-link.ts';
import type { Reply } from '../protocol/commands.ts';
import { unavailableProblem } from '../protocol/errors.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Result } from '../protocol/lines.ts';
import type { Asking } from '../room/room.ts';
import { dialRoom } from './dial.ts';
import type { Environment } from './environment.ts';

/** Rooms as Durable Objects, one for each room id. */
export class ObjectDirectory implements MovableDirectory {
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

  connect(
    roomId: string,
    identity: Identity,
    join: unknown,
    listener: LinkListener,
    silent = false,
  ): Promise<MovableLink> {
    const dial = dialRoom(this.#rooms, roomId, silent);
    return SteadyLink.open(dial, identity, join as Record<string, unknown>, listener);
  }

  resume(
    roomId: string,
    identity: Identity,
    state: LinkState,
    listener: LinkListener,
  ): MovableLink {
    return SteadyLink.resume(dialRoom(this.#rooms, roomId, false), identity, state, listener);
  }
}
