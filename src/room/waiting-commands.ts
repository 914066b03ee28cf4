import { Refusal } from '../protocol/codes/errors.ts';
import { fixed } from '../protocol/codes/limits.ts';
import type { LeaveReason } from '../protocol/events.ts';
import type { Command } from '../protocol/frames.ts';
import type { Connection } from './ports.ts';
import type { Questions } from './questions.ts';
import type { Question, Verdict } from './verdict.ts';

/** The methods of the room that run commands after their wait. */
interface CommandRunner {
  handle(connection: Connection, command: Command, verdict?: Verdict): void;
  depart(connection: Connection, reason: LeaveReason): void;
}

/**
 * Commands that wait while the backend decides about an earlier one of their connection, so that a
 * connection's commands are done in order. Other connections do not wait.
 */
export class WaitingCommands {
  readonly #questions: Questions;
  readonly #room: CommandRunner;
  /** By connection id; an entry exists while the backend decides about a command of the connection. */
  readonly #later = new Map<string, Command[]>();
  /** Connections that ended while their commands wait: the commands still run. */
  readonly #ended = new Map<string, LeaveReason>();

  constructor(questions: Questions, room: CommandRunner) {
    this.#questions = questions;
    this.#room = room;
  }

  /** Undefined where no backend is asked. */
  static over(questions: Questions | undefined, room: CommandRunner): WaitingCommands | undefined {
    return questions && new WaitingCommands(questions, room);
  }

  /**
   * Makes a command wait if an earlier one of its connection does. @returns whether it waits
   * @throws Refusal `rate_limited` when too many wait
   */
  add({ state: { id } }: Connection, command: Command): boolean {
    const later = this.#later.get(id);
    if (later === undefined) return false;
    if (later.length >= fixed.waitingCommands) throw tooManyWait();
    later.push(command);
    return true;
  }

  /**
   * Asks the backend about a command, runs it again with the verdict, then runs the commands that
   * waited.
   */
  ask(connection: Connection, command: Command, question: Question): void {
    const { id } = connection.state;
    const later: Command[] = [];
    this.#later.set(id, later);
    this.#questions.ask(question, (verdict) => {
      this.#later.delete(id);
      this.#room.handle(connection, command, verdict);
      for (const next of later) this.#room.handle(connection, next);
      const reason = this.#ended.get(id);
      if (reason !== undefined) this.#room.depart(connection, reason);
    });
  }

  /** Delays the end of a connection until its waiting commands have run. @returns whether it waits */
  defersEnd({ state: { id } }: Connection, reason: LeaveReason): boolean {
    if (this.#later.has(id)) this.#ended.set(id, reason);
    else this.#ended.delete(id);
    return this.#ended.has(id);
  }

  /** Whether the connection has ended while commands that it sent before still run. */
  isEnding({ state: { id } }: Connection): boolean {
    return this.#ended.has(id);
  }
}

function tooManyWait(): Refusal {
  return new Refusal(
    'rate_limited',
    'An earlier message of yours is still being checked; send again when that is answered.',
    { retryAfterMs: 1_000 },
  );
}
