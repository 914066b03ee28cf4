import { invalidField, Refusal, unavailable } from '../protocol/codes/errors.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import { type OperationName, operations, type Payload, type Reply } from '../protocol/commands.ts';
import { nullFields } from '../protocol/payloads.ts';
import { readFields } from '../protocol/read-fields.ts';
import { assertPlain } from '../protocol/shape.ts';
import { accessOf, assertAccess } from './access/access.ts';
import type { Actor, Context, Handler, RoomParts } from './context.ts';
import { plan, type Planned } from './effects.ts';
import { handlers } from './handlers.ts';
import type { Ports } from './ports.ts';
import type { Database } from './storage/database.ts';
import { isStorageFailure } from './storage/storage-trouble.ts';
import type { Upkeep } from './upkeep/upkeep.ts';

/**
 * Decodes a payload: plain JSON that is not too deep, then the command's schema. Depth counts the tuple
 * around a payload, also at transports that have none.
 * @param roomId the room that the command reached; a `roomId` that names it is left out, as it needs no
 * check
 * @param level the depth at which the payload itself stands
 * @throws Refusal `invalid_payload`
 */
export function decodePayload<N extends OperationName>(
  name: N,
  payload: unknown,
  limits: Limits,
  roomId?: string,
  level = 2,
): Payload<N> {
  assertPlain(payload, limits.jsonDepth, level);
  const isHere =
    roomId !== undefined && (payload as { roomId?: unknown } | null)?.roomId === roomId;
  const given = isHere ? { ...(payload as object), roomId: undefined } : payload;
  return readFields(operations[name].payload, nullFields[name], given) as Payload<N>;
}

/** The steps of a command: decode, authorize, handle, commit. Its effects apply afterwards. */
export class Pipeline {
  readonly #parts: RoomParts;
  readonly #database: Database;
  readonly #ports: Pick<Ports, 'clock' | 'log' | 'meter' | 'application'>;
  readonly #upkeep: Upkeep;

  constructor(
    parts: RoomParts,
    database: Database,
    ports: Pick<Ports, 'clock' | 'log' | 'meter' | 'application'>,
    upkeep: Upkeep,
  ) {
    this.#parts = parts;
    this.#database = database;
    this.#ports = ports;
    this.#upkeep = upkeep;
  }

  /**
   * Runs a command in one transaction, completely or not at all.
   * @param level the depth at which the payload counts; see `decodePayload`
   * @throws Refusal when the command is refused; `unavailable` when storage fails, as with a full disk
   */
  run<N extends OperationName>(
    name: N,
    actor: Actor,
    payload: unknown,
    level?: number,
  ): Planned<Reply<N>> {
    const { limits, roomId } = this.#parts;
    const read = decodePayload(name, payload, limits, roomId, level);
    if (name !== 'appendMessage') this.#parts.appends.bySeq.clear();
    try {
      const planned = this.#database.atomic(() => this.#decide(name, actor, read));
      const { missed } = planned.reply as { missed?: readonly unknown[] };
      this.#ports.meter?.done(name, missed?.length);
      return planned;
    } catch (error) {
      if (!isStorageFailure(error)) throw error;
      this.#ports.log.failure(name, error);
      throw unavailable();
    }
  }

  #decide<N extends OperationName>(name: N, actor: Actor, payload: Payload<N>): Planned<Reply<N>> {
    const context = this.#authorize(name, actor, payload);
    const handle: Handler<N> = handlers[name];
    const { reply, effects = [] } = handle(context, payload);
    const more = this.#ports.application?.effectsOf?.(name, context) ?? [];
    return plan(context, { reply, effects: [...effects, ...more] }, this.#upkeep.wakeAt);
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
    return { ...this.#parts, actor, access, state, now, verdict: actor.verdict };
  }
}
