import type { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import type { Timing } from './timing.ts';

/** Sends the room that this user is typing, as often as it helps. */
export class TypingNotice {
  readonly #connection: Connection;
  readonly #environment: Pick<Environment, 'now'>;
  readonly #timing: Timing;
  #sentAt = -Infinity;

  constructor(connection: Connection, environment: Pick<Environment, 'now'>, timing: Timing) {
    this.#connection = connection;
    this.#environment = environment;
    this.#timing = timing;
  }

  typing(isTyping: boolean): void {
    const now = this.#environment.now();
    const { typingEveryMs, typingLapsesMs } = this.#timing;
    const since = now - this.#sentAt;
    if (!this.#connection.isOpen || since < (isTyping ? typingEveryMs : 0)) return;
    if (!isTyping && since >= typingLapsesMs) return;
    if (isTyping) this.#sentAt = now;
    this.#connection.ask('typing', { isTyping }, () => undefined);
  }
}
