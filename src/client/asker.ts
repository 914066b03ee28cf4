import type { CommandName, ConnectionCommand } from '../protocol/commands.ts';
import type { Result } from '../protocol/frames.ts';
import type { InboxCommandName } from '../protocol/inbox-commands.ts';
import { READS_ONLY } from '../protocol/codes/reading.ts';
import type { Connection } from './connection.ts';
import type { Kept } from './outbox.ts';
import type { PayloadOf, ReplyOf } from './pending-commands.ts';
import { Refused, outcomeUnknown } from './refused.ts';

/** Commands that are sent once for a reply, and not kept in the outbox. */
export type Askable = Exclude<
  CommandName,
  ConnectionCommand | Kept['name'] | 'appendMessage' | 'finishMessage' | 'markRead'
>;

interface Question {
  name: CommandName | InboxCommandName;
  payload: object;
  answered: (result: Result<never>) => void;
  /** Whether it is sent again after the connection was lost. */
  isRepeatable: boolean;
  isAsked: boolean;
}

/** Sends commands to the room or the inbox, as soon as it can be reached. */
export class Asker {
  readonly #connection: Pick<Connection, 'ask' | 'isOpen' | 'over'>;
  readonly #questions = new Set<Question>();

  constructor(connection: Pick<Connection, 'ask' | 'isOpen' | 'over'>) {
    this.#connection = connection;
  }

  /**
   * @param take called with the reply in the room's order, before later events
   * @param isRepeatable whether it may be sent again when the connection is lost before the reply
   * @throws Refused
   */
  ask<N extends CommandName | InboxCommandName>(
    name: N,
    payload: PayloadOf<N>,
    take: (reply: ReplyOf<N>) => void,
    isRepeatable = READS_ONLY.test(name),
  ): Promise<ReplyOf<N>> {
    return new Promise((resolve, reject) => {
      const answered = (result: Result<ReplyOf<N>>) => {
        if (!result.ok) return reject(new Refused(result.error));
        take(result);
        resolve(result);
      };
      this.#questions.add({ name, payload, answered, isRepeatable, isAsked: false });
      this.send();
    });
  }

  /** Sends commands that wait; if the connection has ended, refuses them. */
  send(): void {
    const { over } = this.#connection;
    for (const question of this.#questions) {
      if (over !== undefined) this.#answer(question, { ok: false, error: over });
      else if (this.#connection.isOpen && !question.isAsked) this.#ask(question);
    }
  }

  #ask(question: Question): void {
    const { name, payload, isRepeatable } = question;
    question.isAsked = true;
    this.#connection.ask(name, payload, (result: Result | undefined) => {
      question.isAsked = false;
      if (result === undefined && isRepeatable) return;
      this.#answer(question, result ?? { ok: false, error: outcomeUnknown });
    });
  }

  #answer(question: Question, result: Result): void {
    if (this.#questions.delete(question)) question.answered(result as Result<never>);
  }
}
