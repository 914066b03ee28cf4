import type { CloseCode } from '../protocol/codes/close-codes.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import { costOf, type RequestName } from '../protocol/commands.ts';
import { isCommandName } from '../protocol/payloads.ts';
import type { LeaveReason } from '../protocol/events.ts';
import { ackLine, type Command } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import { connectTo } from './connect-to.ts';
import { type Executed, execute } from './execute.ts';
import type { Connection, Ports } from './ports.ts';
import { operationOf } from './own-names.ts';
import { answerWith, answerRefresh } from './own-answers.ts';
import { Relaying } from './relaying.ts';
import { type RoomServices, servicesOf } from './services.ts';
import { type Answer, Undecided, type Verdict } from './verdict.ts';
import { WaitingCommands } from './waiting-commands.ts';

/**
 * One conversation. A command runs synchronously, from decoding to its effects; lines to connections
 * wait in the outbox until the host has stored what was decided and calls `flush`.
 */
export class Room {
  readonly #services: RoomServices;
  /** What a host with relays needs. */
  readonly relaying: Relaying;
  /** Notes that a connection whose socket is held elsewhere lost an ephemeral event: it is slow. */
  readonly lags = (connection: Connection): void => this.#services.slowConsumers.add(connection);
  readonly #waiting: WaitingCommands | undefined;

  /** @throws NewerSchema where newer code has written the room */
  constructor(roomId: string, ports: Ports, limits: Limits) {
    this.#services = servicesOf(roomId, ports, limits);
    this.relaying = new Relaying(roomId, this.#services);
    this.#waiting = WaitingCommands.over(this.#services.questions, this);
  }

  /**
   * Joins a connection that is not yet open to its client. Its first line will be `joined`.
   * @throws Refusal when the room refuses it: then nothing is stored and the connection is not added
   */
  connect(connection: Connection, payload: unknown): void {
    connectTo(this.#services, connection, payload);
  }

  /**
   * Runs a connection's command; its reply or its refusal leaves through the outbox.
   * @param verdict of the backend, when the command runs again after it was asked
   */
  handle(connection: Connection, command: Command, verdict?: Verdict): void {
    const { tokenExpiry, rates, pipeline, outbox, effects } = this.#services;
    const { name, ref } = command;
    tokenExpiry.sweep();
    if (!this.#isReachable(connection)) return;
    const { identity } = connection.state;
    try {
      if (verdict === undefined) {
        if (this.#waiting?.add(connection, command) === true) return;
        rates.charge(identity.userId, costOf(name, identity));
      }
      const { application, openSignals } = this.#services;
      const asked = isCommandName(name)
        ? { name, payload: command.payload, level: undefined }
        : operationOf(command, application, openSignals);
      const { payload, level } = asked;
      const done = pipeline.run(asked.name, { identity, connection, verdict }, payload, level);
      if (ref !== undefined && connection.open) {
        outbox.reply(connection, ackLine(ref, { ok: true, ...done.reply }), done.position);
      }
      effects.apply(done.effects);
    } catch (error) {
      if (error instanceof Undecided) this.#waiting?.ask(connection, command, error.question);
      else this.#services.refusals.refuse(connection, command, error);
    }
  }

  /** Runs a command for an identity without a connection. Send the result only once it is stored. */
  execute<N extends RequestName>(
    identity: Identity,
    name: N,
    payload: unknown,
    verdict?: Verdict,
  ): Executed<N> {
    return execute(this.#services, identity, name, payload, verdict);
  }

  /** The backend has answered a question of this room. */
  decided(questionId: string, answer: Answer): void {
    this.#services.questions?.decided(questionId, answer);
  }

  /**
   * Answers `refreshToken` once a transport has verified its token.
   * @param verdict the identity in the token, or why the token was refused
   */
  refresh(connection: Connection, command: Command, verdict: Identity | Problem): void {
    if (this.#isReachable(connection)) answerRefresh(this.#services, connection, command, verdict);
  }

  /** Answers a command that a transport ran outside the room, such as `getFileToken`. */
  answer(connection: Connection, command: Command, made: object | Problem): void {
    if (this.#isReachable(connection)) answerWith(this.#services, connection, command, made);
  }

  /** Answers a frame that holds no tuples, and disconnects a client that keeps sending such frames. */
  malformedFrame(connection: Connection, problem: Problem): void {
    if (!this.#isReachable(connection)) return;
    this.#services.refusals.malformedFrame(connection, problem);
  }

  /** A connection is gone: `left` for a deliberate end by its client, `disconnected` for any other. */
  depart(connection: Connection, reason: LeaveReason): void {
    if (this.#waiting?.defersEnd(connection, reason) === true) return;
    this.#services.departures.gone(connection, reason);
  }

  /** Closes a connection from this side, after sending what is due to it. */
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

  /** Does one bounded step of upkeep and sets the next wakeup; it may be called at any time. */
  wake(): void {
    this.#services.upkeep.wake();
  }

  /** Sends what is due. Call it once that is stored. @returns whether anything was due */
  flush(): boolean {
    const { appends, frames, upkeep, deliveries } = this.#services;
    appends.bySeq.clear();
    const wasDue = frames.flush();
    if (upkeep.erasesAfterFlush) upkeep.eraseAfterFlush();
    deliveries.dispatch();
    return wasDue;
  }

  /** Whether its commands run: not once it has ended, except for those that wait for a verdict. */
  #isReachable(connection: Connection): boolean {
    if (!connection.open && this.#waiting?.isEnding(connection) !== true) return false;
    return this.#services.connections.byId.has(connection.state.id);
  }
}
