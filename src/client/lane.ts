import type { Connection } from './connection.ts';
import type { AnyCommand, Answered, PayloadOf, ReplyOf } from './pending-commands.ts';

/** A command and its callbacks, as `Connection.ask` takes them. */
export interface Next<N extends AnyCommand> {
  name: N;
  payload: PayloadOf<N>;
  answered: Answered<ReplyOf<N>>;
  delayed?: (retryAt: number) => void;
}

/** Sends commands one at a time: the next one after the reply to the previous one. */
export class Lane<N extends AnyCommand> {
  readonly #connection: Pick<Connection, 'ask' | 'isOpen'>;
  readonly #next: () => Next<N> | undefined;
  #isBusy = false;

  /** @param next takes the next command, if there is one */
  constructor(connection: Pick<Connection, 'ask' | 'isOpen'>, next: () => Next<N> | undefined) {
    this.#connection = connection;
    this.#next = next;
  }

  /** Sends the next command, if none is unanswered and the connection is open. */
  send(): void {
    if (this.#isBusy || !this.#connection.isOpen) return;
    const next = this.#next();
    if (next === undefined) return;
    this.#isBusy = true;
    const answered: Answered<ReplyOf<N>> = (result) => {
      this.#isBusy = false;
      next.answered(result);
      this.send();
    };
    this.#connection.ask(next.name, next.payload, answered, next.delayed);
  }
}
