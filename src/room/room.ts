import { type CloseCode, closeCodes, closeReasons } from '../protocol/close-codes.ts';
import {
  assertCommandName,
  type OperationName,
  type Payload,
  readPayload,
  type Reply,
} from '../protocol/commands.ts';
import { internalProblem, misfit, type Problem, Refusal } from '../protocol/errors.ts';
import type { LeaveReason } from '../protocol/events.ts';
import type { Identity } from '../protocol/identity.ts';
import { fixed, type Limits } from '../protocol/limits.ts';
import { ackLine, type Command, eventLine, type Result } from '../protocol/lines.ts';
import { assertPlain } from '../protocol/shape.ts';
import type { Context, Handler, Outcome, Speaker } from './context.ts';
import { Database } from './database.ts';
import { handlers } from './handlers.ts';
import { type Frame, Outbox } from './outbox.ts';
import type { Connection, Ports } from './ports.ts';
import { Presence } from './presence.ts';
import { RateLimits } from './rate-limits.ts';
import { Members } from './stores/members.ts';
import { Messages } from './stores/messages.ts';
import { RoomRow } from './stores/room-row.ts';
import { Typing } from './typing.ts';

/** What every door asks of a payload: plain JSON, not too deep, then the schema. */
export function readChecked<N extends OperationName>(
  name: N,
  payload: unknown,
  limits: Limits,
): Payload<N> {
  assertPlain(payload, limits.jsonDepth);
  return readPayload(name, payload);
}

/** Commands somebody may give without having joined, over HTTP. */
export type Asking = Exclude<OperationName, 'joinRoom' | 'leaveRoom' | 'typing'>;

/** Least time between two looks for lost heartbeats, in milliseconds. */
const SWEEP_EVERY_MS = 10_000;

/**
 * One conversation. Synchronous from decoded command to outcome; what it decides waits in the
 * outbox until the host, having stored it, calls `flush`.
 */
export class Room {
  readonly #ports: Ports;
  readonly #limits: Limits;
  readonly #database: Database;
  readonly #outbox = new Outbox();
  readonly #rates: RateLimits;
  readonly #context: Omit<Context, 'speaker'>;
  #sweptAt = 0;
  /** The first time at which a connection's token ends, in epoch milliseconds. */
  #nextExpiry = Infinity;

  /** @throws NewerSchema where newer code has written the room */
  constructor(roomId: string, ports: Ports, limits: Limits) {
    const { clock, ids, timer, roster } = ports;
    this.#ports = ports;
    this.#limits = limits;
    this.#database = new Database(ports.sql);
    this.#rates = new RateLimits(limits, clock);
    this.#context = {
      roomId,
      room: new RoomRow(this.#database, clock, ids, roomId),
      messages: new Messages(this.#database, roomId),
      members: new Members(this.#database),
      presence: new Presence(roomId, this.#outbox, clock, timer, roster),
      typing: new Typing(clock),
      limits,
      ids,
    };
    for (const connection of roster.connections()) this.#watchExpiry(connection);
  }

  /**
   * Joins a connection that is not yet open to its client. Its first line will be `joined`.
   * @throws Refusal when the room does not take it; nothing has then happened
   */
  connect(connection: Connection, payload: unknown): void {
    this.#sweep();
    const { identity } = connection.state;
    this.#rates.charge(identity.userId, 'joinRoom');
    const outcome = this.#perform({ identity, connection }, { name: 'joinRoom', payload });
    this.#context.presence.opened(connection);
    this.#watchExpiry(connection);
    this.#post(connection, outcome, eventLine('joined', { ok: true, ...outcome.reply }));
  }

  /** Takes a command of a connection; the reply, or the refusal, comes through the outbox. */
  handle(connection: Connection, command: Command): void {
    this.#sweep();
    if (!connection.open) return;
    const { identity } = connection.state;
    try {
      this.#rates.charge(identity.userId, command.name);
      const outcome = this.#perform({ identity, connection }, command);
      const { ref } = command;
      const line = ref === undefined ? undefined : ackLine(ref, { ok: true, ...outcome.reply });
      this.#post(connection, outcome, line);
    } catch (error) {
      this.#refuse(connection, command, this.#problem(error, command.name));
    }
  }

  /**
   * Does a command for somebody who has not joined. The result may be shown once the host has stored
   * what was decided.
   */
  execute<N extends Asking>(identity: Identity, name: N, payload: unknown): Result<Reply<N>> {
    this.#sweep();
    try {
      // Guests without a connection are new with every request; together they get one allowance.
      this.#rates.charge(identity.guest === true ? 'guest:' : identity.userId, name);
      const outcome = this.#decide(name, { identity }, payload);
      this.#tell(outcome, undefined);
      return { ok: true, ...outcome.reply };
    } catch (error) {
      return { ok: false, error: this.#problem(error, name) };
    }
  }

  /** What a connection sent was no tuple: it is told so, and sent away when that goes on. */
  misread(connection: Connection, problem: Problem): void {
    const now = this.#ports.clock.now();
    const last = connection.state.badFrames;
    const fresh = last === undefined || now - last.from >= 60_000 || now < last.from;
    const badFrames = fresh ? { from: now, count: 1 } : { from: last.from, count: last.count + 1 };
    connection.update({ badFrames });
    if (badFrames.count > fixed.badFramesPerMinute) {
      this.end(connection, closeCodes.protocolViolation);
      return;
    }
    this.#outbox.reply(
      connection,
      eventLine('error', { ...problem, roomId: this.#context.roomId }),
    );
  }

  /** A connection is gone, or goes: `left` for a deliberate end, `disconnected` for any other. */
  depart(connection: Connection, reason: LeaveReason): void {
    this.#outbox.drop(connection);
    this.#context.presence.ended(connection);
    if (!connection.state.joined) return;
    connection.update({ joined: false });
    this.#context.presence.leave(connection, reason);
    this.#forgetTyping(connection);
  }

  /** Closes a connection from this side. */
  end(connection: Connection, code: CloseCode): void {
    connection.close(code, closeReasons[code]);
    this.depart(connection, 'disconnected');
  }

  /** Hands out what is due. To be called when it is stored. */
  flush(): void {
    while (!this.#outbox.isEmpty) {
      this.#outbox.flush(this.#ports.roster.connections(), (connection, frame) =>
        this.#send(connection, frame),
      );
    }
  }

  #send(connection: Connection, frame: Frame): void {
    if (this.#hasExpired(connection)) this.end(connection, closeCodes.tokenExpired);
    else connection.send(frame);
    // Too slow, or gone: nobody may ever say that it has ended, when its client is stuck.
    if (!connection.open) this.depart(connection, 'disconnected');
  }

  #perform(speaker: Speaker, { name, payload }: Command): Outcome<object> {
    assertCommandName(name);
    return this.#decide(name, speaker, payload);
  }

  #decide<N extends OperationName>(name: N, speaker: Speaker, payload: unknown): Outcome<Reply<N>> {
    const read = readChecked(name, payload, this.#limits);
    const { roomId } = this.#context;
    if (read.roomId !== undefined && read.roomId !== roomId) {
      throw misfit('roomId', 'must be the room this connection is for');
    }
    if (name !== 'joinRoom' && speaker.connection?.state.joined === false) {
      throw new Refusal('not_joined', 'Join the room first.');
    }
    const handler: Handler<N> = handlers[name];
    const context = { ...this.#context, speaker };
    return this.#database.atomic<Outcome<Reply<N>>>(() => handler(context, read));
  }

  #post(connection: Connection, outcome: Outcome<object>, line: string | undefined): void {
    const { joined } = connection.state;
    const change = outcome.connection;
    if (change !== undefined) connection.update(change);
    const joins = change?.joined === true && !joined;
    const leaves = change?.joined === false && joined;
    if (leaves) this.#outbox.left(connection);
    if (line !== undefined) this.#outbox.reply(connection, line, outcome.position);
    if (joins) {
      this.#outbox.joined(connection);
      this.#context.presence.arrive(connection);
    }
    if (leaves) {
      this.#context.presence.leave(connection, 'left');
      this.#forgetTyping(connection);
    }
    this.#tell(outcome, connection);
  }

  #tell({ tell = [], position }: Outcome<object>, except: Connection | undefined): void {
    for (const { name, payload } of tell) this.#outbox.tell(name, payload, { except, position });
  }

  #refuse(connection: Connection, { name, payload, ref }: Command, problem: Problem): void {
    if (ref !== undefined) {
      this.#outbox.reply(connection, ackLine(ref, { ok: false, error: problem }));
      return;
    }
    const { id } = (payload ?? {}) as { id?: unknown };
    const about = {
      ...problem,
      command: name.slice(0, 64),
      roomId: this.#context.roomId,
      ...(typeof id === 'string' && { id: id.slice(0, 64) }),
    };
    this.#outbox.reply(connection, eventLine('error', about));
  }

  #problem(error: unknown, command: string): Problem {
    if (error instanceof Refusal) return error.problem;
    this.#ports.log.failure(command, error);
    return internalProblem;
  }

  #forgetTyping(connection: Connection): void {
    const { userId } = connection.state.identity;
    if (!this.#context.presence.has(userId)) this.#context.typing.forget(userId);
  }

  #hasExpired({ state }: Connection): boolean {
    const { expiresAt = Infinity } = state.identity;
    return this.#ports.clock.now() > expiresAt + fixed.clockToleranceMs;
  }

  #watchExpiry({ state }: Connection): void {
    const { expiresAt = Infinity } = state.identity;
    this.#nextExpiry = Math.min(this.#nextExpiry, expiresAt + fixed.clockToleranceMs);
  }

  /** Ends the connections whose token has ended, and now and then those nobody hears of any more. */
  #sweep(): void {
    const now = this.#ports.clock.now();
    const expiring = now > this.#nextExpiry;
    if (!expiring && Math.abs(now - this.#sweptAt) < SWEEP_EVERY_MS) return;
    this.#sweptAt = now;
    this.#nextExpiry = Infinity;
    for (const connection of this.#ports.roster.connections()) {
      if (!connection.open) continue;
      const heard = connection.lastHeardAt ?? now;
      if (this.#hasExpired(connection)) this.end(connection, closeCodes.tokenExpired);
      else if (now - heard > fixed.heartbeatLostMs) this.end(connection, closeCodes.heartbeatLost);
      else this.#watchExpiry(connection);
    }
  }
}
