import type {
  LinkListener,
  LinkState,
  MovableDirectory,
  MovableLink,
} from '../host/room-directory.ts';
import { type ConnectLink, ResumableLink } from '../following/resumable-link.ts';
import type { Reply, RequestName } from '../protocol/commands.ts';
import { describeError } from '../observability/logger.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import type { Refusal } from '../protocol/codes/errors.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Result } from '../protocol/frames.ts';
import { backpressure } from '../room/broadcast/backpressure.ts';
import { connectRoom } from './connect-room.ts';
import type { RoomObjects } from './open-room.ts';
import { callRoom } from './call-room.ts';
import type { RoomAccessLimiter } from '../admission/room-access-limiter.ts';

/** Rooms as Durable Objects, one for each room id. */
export class ObjectDirectory implements MovableDirectory {
  readonly #rooms: RoomObjects;
  readonly #limits: Limits;
  readonly #limiter: RoomAccessLimiter;
  readonly #isMoving: boolean;

  /** @param isMoving whether its links will soon be handed over to another holder */
  constructor(rooms: RoomObjects, limits: Limits, limiter: RoomAccessLimiter, isMoving = false) {
    this.#rooms = rooms;
    this.#limits = limits;
    this.#limiter = limiter;
    this.#isMoving = isMoving;
  }

  async execute<N extends RequestName>(
    roomId: string,
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<Reply<N>>> {
    try {
      await this.#limiter.acquire(identity, roomId);
      return await callRoom<Result<Reply<N>>>(async () =>
        this.#rooms.ROOM.getByName(roomId).execute(identity, name, payload),
      );
    } catch (error) {
      const { problem, cause } = error as Refusal;
      if (cause !== undefined) logUnreachable(cause);
      return { ok: false, error: problem };
    }
  }

  async connect(
    roomId: string,
    identity: Identity,
    join: unknown,
    listener: LinkListener,
    silent = false,
  ): Promise<MovableLink> {
    await this.#limiter.acquire(identity, roomId);
    const connectLink = this.#connectLink(roomId, listener, silent);
    const given = join as Record<string, unknown>;
    // With a session, the room closes the link that was handed over when the resumed one joins.
    const named = { ...given, session: given['session'] ?? crypto.randomUUID() };
    const asked = this.#isMoving ? named : given;
    return ResumableLink.open(connectLink, identity, asked, listener, this.#isMoving);
  }

  resume(
    roomId: string,
    identity: Identity,
    state: LinkState,
    listener: LinkListener,
  ): MovableLink {
    const connectLink = this.#connectLink(roomId, listener, false);
    return ResumableLink.resume(connectLink, identity, state, listener);
  }

  #connectLink(roomId: string, { buffered }: LinkListener, silent: boolean): ConnectLink {
    const keepsUp = () => {
      const backlog = { buffered: buffered(), sentSinceSign: 0, signAgoMs: 0 };
      return backpressure(backlog, this.#limits) === 'keepsUp';
    };
    return connectRoom(this.#rooms, roomId, silent, keepsUp);
  }
}

function logUnreachable(cause: unknown): void {
  const { overloaded, retryable } = (cause ?? {}) as { overloaded?: boolean; retryable?: boolean };
  const why = { ...describeError(cause), overloaded, retryable };
  console.error(JSON.stringify({ event: 'room unreachable', ...why }));
}
