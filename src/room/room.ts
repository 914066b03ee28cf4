import type { CloseCode } from '../protocol/codes/close-codes.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import { costOf, type Reply, type RequestName, traits } from '../protocol/commands.ts';
import { isCommandName } from '../protocol/payloads.ts';
import type { LeaveReason } from '../protocol/events.ts';
import { ackLine, type Command, joinedLine, type Result } from '../protocol/frames.ts';
import { GUEST_PREFIX, type Identity } from '../protocol/identity.ts';
import type { Connection, Ports } from './ports.ts';
import { operationOf } from './own-names.ts';
import { answerMade, answerRefresh } from './own-answers.ts';
import { Relaying } from './relaying.ts';
import { type RoomServices, servicesOf } from './services.ts';

/**
 * One conversation. A command runs synchronously, from decoding to its effects; lines to connections
 * wait in the outbox until the host has stored what was decided and calls `flush`.
 */
export class Room {
  readonly #services: RoomServices;
  /** What a host with relays needs. */
  readonly relaying: Relaying;

  /** @throws NewerSchema where newer code has written the room */
  constructor(roomId: string, ports: Ports, limits: Limits) {
    this.#services = servicesOf(roomId, ports, limits);
    this.relaying = new Relaying(roomId, this.#services);
  }

  /**
   * Joins a connection that is not yet open to its client. Its first line will be `joined`.
   * @throws Refusal when the room does not take it; nothing has then happened
   */
  connect(connection: Connection, payload: unknown): void {
    const { tokenExpiry, rates, pipeline, connections, outbox, effects } = this.#services;
    const { identity } = connection.state;
    tokenExpiry.sweep();
    rates.charge(identity.userId, costOf('joinRoom', identity));
    const planned = pipeline.run('joinRoom', { identity, connection }, payload);
    connections.add(connection);
    tokenExpiry.watch(connection);
    outbox.reply(connection, joinedLine(planned.reply));
    effects.apply(planned.effects);
  }

  /** Does a connection's command; the reply, or the refusal, comes through the outbox. */
  handle(connection: Connection, command: Command): void {
    const { tokenExpiry, rates, pipeline, outbox, effects } = this.#services;
    const { name, ref } = command;
    tokenExpiry.sweep();
    if (!this.#isReachable(connection)) return;
    const { identity } = connection.state;
    try {
      rates.charge(identity.userId, costOf(name, identity));
      const { application, openSignals } = this.#services;
      const asked = isCommandName(name)
        ? { name, payload: command.payload }
        : operationOf(command, application, openSignals);
      const done = pipeline.run(asked.name, { identity, connection }, asked.payload);
      if (ref !== undefined) {
        outbox.reply(connection, ackLine(ref, { ok: true, ...done.reply }), done.position);
      }
      effects.apply(done.effects);
    } catch (error) {
      this.#services.refusals.refuse(connection, command, error);
    }
  }

  /**
   * Does a command for an identity without a connection. The result may be sent once the host has
   * stored what was decided.
   */
  execute<N extends RequestName>(identity: Identity, name: N, payload: unknown): Result<Reply<N>> {
    const { tokenExpiry, rates, upkeep, pipeline, effects } = this.#services;
    tokenExpiry.sweep();
    try {
      // Guests without a connection are new with every request; together they get one allowance.
      rates.charge(
        identity.guest === true ? GUEST_PREFIX : identity.userId,
        costOf(name, identity),
      );
      if (traits.get(name)?.awaitsErasures === true) upkeep.finishErasures();
      const { reply, effects: planned } = pipeline.run(name, { identity }, payload);
      effects.apply(planned);
      return { ok: true, ...reply };
    } catch (error) {
      return { ok: false, error: this.#services.refusals.problemOf(error, name) };
    }
  }

  /**
   * Answers `refreshToken` once a transport has verified its token.
   * @param verdict the identity in the token, or why the token does not hold
   */
  refresh(connection: Connection, command: Command, verdict: Identity | Problem): void {
    if (this.#isReachable(connection)) answerRefresh(this.#services, connection, command, verdict);
  }

  /** Answers a command that a transport has done outside the room, such as `getFileToken`. */
  answer(connection: Connection, command: Command, made: object | Problem): void {
    if (this.#isReachable(connection)) answerMade(this.#services, connection, command, made);
  }

  /** Answers a frame that holds no tuples, and disconnects a client that goes on sending such. */
  malformedFrame(connection: Connection, problem: Problem): void {
    if (!this.#isReachable(connection)) return;
    this.#services.refusals.malformedFrame(connection, problem);
  }

  /** A connection is gone: `left` for a deliberate end by its client, `disconnected` for any other. */
  depart(connection: Connection, reason: LeaveReason): void {
    this.#services.departures.gone(connection, reason);
  }

  /** Closes a connection from this side, after what is due to it. */
  end(connection: Connection, code: CloseCode, reason?: string): void {
    this.#services.departures.disconnect([connection], code, reason);
  }

  /**
   * Puts a newer token in the place of a connection's.
   * @throws Refusal `unauthorized` when it is another user's
   */
  renew(connection: Connection, identity: Identity): { expiresAt: number | undefined } {
    return this.#services.renewal.renew(connection, identity);
  }

  /** Does one bounded step of upkeep and sets the next wakeup; a call at any time does no harm. */
  wake(): void {
    this.#services.upkeep.wake();
  }

  /** Hands out what is due. Call it when that is stored. @returns whether anything was due */
  flush(): boolean {
    const { appends, frames, upkeep, deliveries } = this.#services;
    appends.bySeq.clear();
    const wasDue = frames.flush();
    if (upkeep.erasesAfterFlush) upkeep.eraseAfterFlush();
    deliveries.dispatch();
    return wasDue;
  }

  /** A connection that has ended or is being disconnected gives no more commands. */
  #isReachable({ open, state }: Connection): boolean {
    return open && this.#services.connections.byId.has(state.id);
  }
}
