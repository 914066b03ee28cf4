import { closeCodes } from '../../protocol/codes/close-codes.ts';
import { internalProblem, type Problem, Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import { ackLine, type Command, eventLine } from '../../protocol/frames.ts';
import { counted } from '../access/per-minute.ts';
import type { Connection, Ports } from '../ports.ts';
import type { Departures } from '../presence/departures.ts';
import type { Outbox } from './outbox.ts';

/** Most characters of a client's own texts that are sent back to it. */
const MAX_ECHOED = 64;

type RefusalPorts = Pick<Ports, 'clock' | 'log' | 'meter'>;

/** Tells clients why something was refused, and disconnects those that keep sending such things. */
export class Refusals {
  readonly #roomId: string | undefined;
  readonly #ports: RefusalPorts;
  readonly #outbox: Outbox;
  readonly #departures: Pick<Departures, 'disconnect'>;

  /** @param roomId undefined in an inbox, which is no room */
  constructor(
    roomId: string | undefined,
    ports: RefusalPorts,
    outbox: Outbox,
    departures: Pick<Departures, 'disconnect'>,
  ) {
    this.#roomId = roomId;
    this.#ports = ports;
    this.#outbox = outbox;
    this.#departures = departures;
  }

  /** The problem that a client is sent for an error. A defect is logged and becomes an internal one. */
  problemOf(error: unknown, command: string): Problem {
    const isRefusal = error instanceof Refusal;
    const problem = isRefusal ? error.problem : internalProblem;
    this.#ports.meter?.refused(problem.code);
    if (!isRefusal) this.#ports.log.failure(command, error);
    return problem;
  }

  /** Refuses a command with an `ack`, or if it has no `ref`, with an `error` event that names it. */
  refuse(connection: Connection, { name, payload, ref }: Command, error: unknown): void {
    const problem = this.problemOf(error, name);
    if (!connection.open) return;
    if (ref !== undefined) {
      this.#outbox.reply(connection, ackLine(ref, { ok: false, error: problem }));
      return;
    }
    const { id } = (payload ?? {}) as { id?: unknown };
    const about = {
      ...problem,
      command: name.slice(0, MAX_ECHOED),
      ...this.#about,
      ...(typeof id === 'string' && { id: id.slice(0, MAX_ECHOED) }),
    };
    this.#outbox.reply(connection, eventLine('error', about));
  }

  /** Refuses a token; too many of them within a minute end the connection. */
  refuseToken(connection: Connection, { name, ref }: Command, error: unknown): void {
    const badTokens = counted(connection.state.badTokens, this.#ports.clock.now());
    connection.update({ badTokens });
    this.refuse(connection, { name, payload: {}, ...(ref !== undefined && { ref }) }, error);
    if (badTokens.count < fixed.badTokensPerMinute) return;
    this.#departures.disconnect([connection], closeCodes.unauthorized);
  }

  /** Answers a frame that holds no tuples; too many of them within a minute end the connection. */
  malformedFrame(connection: Connection, problem: Problem): void {
    const badFrames = counted(connection.state.badFrames, this.#ports.clock.now());
    connection.update({ badFrames });
    if (badFrames.count > fixed.badFramesPerMinute) {
      this.#departures.disconnect([connection], closeCodes.protocolViolation);
      return;
    }
    this.#outbox.reply(connection, eventLine('error', { ...problem, ...this.#about }));
  }

  get #about(): { roomId?: string } {
    return this.#roomId === undefined ? {} : { roomId: this.#roomId };
  }
}
