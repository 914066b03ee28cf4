import type { CommandName, ConnectionCommand } from '../protocol/commands.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { Result } from '../protocol/frames.ts';
import type { InboxCommandName } from '../protocol/inbox-commands.ts';
import { READS_ONLY } from '../protocol/codes/reading.ts';
import type { Connection } from './connection.ts';
import type { Kept } from './outbox.ts';
import type { PayloadOf, ReplyOf } from './pending-commands.ts';
import { unsure } from './refused.ts';

/** Commands that are asked and answered, and not kept for a later time. */
export type Askable = Exclude<
  CommandName,
  ConnectionCommand | Kept['name'] | 'appendMessage' | 'finishMessage' | 'markRead'
>;

interface Question {
  name: Askable | InboxCommandName;
  payload: object;
  answered: (result: Result<never>) => void;
}

/** Asks the room, or the inbox, when it can be reached. */
export class Asker {
  readonly #connection: Pick<Connection, 'ask' | 'isOpen'>;
  readonly #repeatable: RegExp;
  readonly #waiting = new Set<Question>();
  readonly #asked = new Set<Question>();

  /** @param repeatable names of commands that are asked again when the connection is lost */
  constructor(connection: Pick<Connection, 'ask' | 'isOpen'>, repeatable = READS_ONLY) {
    this.#connection = connection;
    this.#repeatable = repeatable;
  }

  /** `answered` is called in the room's order, before the events after the answer. */
  ask<N extends Askable | InboxCommandName>(
    name: N,
    payload: PayloadOf<N>,
    answered: (result: Result<ReplyOf<N>>) => void,
  ): void {
    this.#waiting.add({ name, payload, answered });
    this.go();
  }

  /** Asks what waits. */
  go(): void {
    for (const question of this.#waiting) {
      if (!this.#connection.isOpen) return;
      this.#waiting.delete(question);
      this.#asked.add(question);
      const { name, payload } = question;
      this.#connection.ask(name, payload, (result) => this.#answered(question, result));
    }
  }

  /** The room has ended, or was left. */
  ended(problem: Problem): void {
    const questions = [...this.#waiting, ...this.#asked];
    this.#waiting.clear();
    this.#asked.clear();
    for (const { answered } of questions) answered({ ok: false, error: problem });
  }

  #answered(question: Question, result: Result | undefined): void {
    if (!this.#asked.delete(question)) return;
    if (result === undefined && this.#repeatable.test(question.name)) this.#waiting.add(question);
    else question.answered((result ?? { ok: false, error: unsure }) as Result<never>);
  }
}
