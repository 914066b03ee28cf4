import { invalidField, Refusal, unavailable } from '../protocol/codes/errors.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import type { OperationName, Payload, Reply } from '../protocol/commands.ts';
import { readPayload } from '../protocol/payloads.ts';
import { assertPlain } from '../protocol/shape.ts';
import { accessOf, assertAccess } from './access/access.ts';
import type { Actor, Context, Handler, RoomParts } from './context.ts';
import { plan, type Planned } from './effects.ts';
import { handlers } from './handlers.ts';
import type { Immediate, Ports } from './ports.ts';
import type { Database } from './storage/database.ts';
import { isStorageTrouble } from './storage/storage-trouble.ts';
import type { Upkeep } from './upkeep/upkeep.ts';

/**
 * Decodes a payload: plain JSON that is not too deep, then the command's schema. Depth counts the
 * tuple around a payload, also at transports that have none.
 * @throws Refusal `invalid_payload`
 */
export function readChecked<N extends OperationName>(
  name: N,
  payload: unknown,
  limits: Limits,
): Payload<N> {
  assertPlain(payload, limits.jsonDepth, 2);
  return readPayload(name, payload);
}

/** The way of a command: decode, authorize, handle, commit. Its effects apply after that. */
export class Pipeline {
  readonly #parts: RoomParts;
  readonly #database: Database;
  readonly #ports: Pick<Ports, 'clock' | 'log' | 'meter'>;
  readonly #upkeep: Upkeep;

  constructor(
    parts: RoomParts,
    database: Database,
    ports: Pick<Ports, 'clock' | 'log' | 'meter'>,
    upkeep: Upkeep,
  ) {
    this.#parts = parts;
    this.#database = database;
    this.#ports = ports;
    this.#upkeep = upkeep;
  }

  /** @throws Refusal when the command is not done; nothing is stored then */
  run<N extends OperationName>(name: N, actor: Actor, payload: unknown): Planned<Reply<N>> {
    const read = readChecked(name, payload, this.#parts.limits);
    const handle: Handler<N> = handlers[name];
    const planned = this.commit<Planned<Reply<N>>>(name, () => {
      const context = this.#authorize(name, actor, read);
      return plan(context, handle(context, read), this.#upkeep.wakeAt !== undefined);
    });
    const { missed } = planned.reply as { missed?: readonly unknown[] };
    this.#ports.meter?.done(name, missed?.length);
    return planned;
  }

  /** @throws Refusal when the actor may not give this command here */
  #authorize(name: OperationName, actor: Actor, payload: { roomId?: string | undefined }): Context {
    const { roomId, room, members, limits } = this.#parts;
    if (payload.roomId !== undefined && payload.roomId !== roomId) {
      throw invalidField('roomId', 'must be the room this connection is for');
    }
    if (name !== 'joinRoom' && actor.connection?.state.joined === false) {
      throw new Refusal('not_joined', 'Join the room first.');
    }
    const now = this.#ports.clock.now();
    const state = room.read();
    const { identity } = actor;
    const access = accessOf(identity, roomId, members.find(identity.userId));
    assertAccess(access, state, limits, now, name);
    return { ...this.#parts, actor, access, state, now };
  }

  /**
   * Runs `body` in one transaction, whole or not at all.
   * @throws Refusal `unavailable` when storage fails, as with a full disk
   */
  commit<T>(name: string, body: () => Immediate<T>): T {
    try {
      return this.#database.atomic(body);
    } catch (error) {
      if (!isStorageTrouble(error)) throw error;
      this.#ports.log.failure(name, error);
      throw unavailable();
    }
  }
}
