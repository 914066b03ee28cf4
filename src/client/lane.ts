import type { Connection } from './connection.ts';
import type { AnyCommand, Answered, PayloadOf, ReplyOf } from './pending-commands.ts';

/** A command, and what its answer is for; as `Connection.ask` takes them. */
export interface Next<N extends AnyCommand> {
  name: N;
  payload: PayloadOf<N>;
  answered: Answered<ReplyOf<N>>;
  delayed?: (retryAt: number) => void;
}

/** Gives commands one at a time: the next one when the one before was answered. */
export class Lane<N extends AnyCommand> {
  readonly #connection: Pick<Connection, 'ask' | 'isOpen'>;
  readonly #next: () => Next<N> | undefined;
  #isBusy = false;

  /** @param next takes what is to be given, where there is anything */
  constructor(connection: Pick<Connection, 'ask' | 'isOpen'>, next: () => Next<N> | undefined) {
    this.#connection = connection;
    this.#next = next;
  }

  /** Gives what waits, when it can be given. */
  go(): void {
    if (this.#isBusy || !this.#connection.isOpen) return;
    const next = this.#next();
    if (next === undefined) return;
    this.#isBusy = true;
    const answered: Answered<ReplyOf<N>> = (result) => {
      this.#isBusy = false;
      next.answered(result);
      this.go();
    };
    this.#connection.ask(next.name, next.payload, answered, next.delayed);
  }
}
