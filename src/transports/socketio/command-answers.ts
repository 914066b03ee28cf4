import { internalProblem, type Problem, Refusal } from '../../protocol/codes/errors.ts';
import { eventLine, problemIn, type Result } from '../../protocol/frames.ts';
import type { SocketWire } from './socket-wire.ts';

/** Answers a command. Its argument is the result as JSON text. */
export type Answer = (result: string) => void;

/** A command that waits for its answer. */
export interface PendingCommand {
  name: string;
  payload: unknown;
  /** Further arguments, which only undeclared signals have. */
  more?: readonly unknown[];
  /** The `roomId` of the payload: not checked yet, but an integer is converted to its digits. */
  roomId: unknown;
  /** Undefined if the client gave no callback. */
  answer: Answer | undefined;
}

/** Answers the commands of one socket, and knows when all of them are answered. */
export class CommandAnswers {
  readonly #wire: SocketWire;
  #unanswered = 0;
  #settled: (() => void)[] = [];

  constructor(wire: SocketWire) {
    this.#wire = wire;
  }

  /** Counts a command that has come: it must be answered, or given back. */
  expect(
    name: string,
    [payload, ...rest]: readonly unknown[],
    answer: Answer | undefined,
  ): PendingCommand {
    this.#unanswered++;
    const { roomId } = (payload ?? {}) as { roomId?: unknown };
    const more = rest.length > 0 && { more: rest };
    if (!Number.isSafeInteger(roomId)) return { name, payload, ...more, roomId, answer };
    const digits = String(roomId);
    const read = { ...(payload as object), roomId: digits };
    return { name, payload: read, ...more, roomId: digits, answer };
  }

  /** Uncounts a command that will be received again, and is then counted again. */
  uncount(): void {
    this.#unanswered--;
  }

  /** Resolves when no command waits for its answer. */
  async settle(): Promise<void> {
    if (this.#unanswered === 0) return;
    await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  answer(command: PendingCommand, result: Result): void {
    this.answerText(command, JSON.stringify(result));
  }

  refuse(command: PendingCommand, error: unknown): void {
    const problem = error instanceof Refusal ? error.problem : internalProblem;
    this.answer(command, { ok: false, error: problem });
  }

  /** Answers a command. Without a callback only a refusal is sent, as the event `error`. */
  answerText(command: PendingCommand, result: string): void {
    this.#unanswered--;
    if (this.#unanswered === 0) for (const settled of this.#settled.splice(0)) settled();
    if (command.answer !== undefined) command.answer(result);
    else this.#sendProblem(command, problemIn(result));
  }

  #sendProblem(command: PendingCommand, problem: Problem | undefined): void {
    if (problem !== undefined) this.#wire.events([errorLine(command, problem)]);
  }
}

/** The fields of an unchecked JSON payload; none if it is null or undefined. */
export function fieldsOf(payload: unknown): Partial<Record<string, unknown>> {
  return payload ?? {};
}

/** The event `error` for a refused command without a callback. */
function errorLine({ name, payload, roomId }: PendingCommand, problem: Problem): string {
  const { id } = fieldsOf(payload);
  return eventLine('error', {
    ...problem,
    command: name.slice(0, 64),
    ...(typeof roomId === 'string' && { roomId: roomId.slice(0, 256) }),
    ...(typeof id === 'string' && { id: id.slice(0, 64) }),
  });
}
