import type { Reply } from '../protocol/commands.ts';
import type { Connection } from './connection.ts';

/**
 * Asks for the room's word about this user where events do not say enough: to join twice is harmless
 * and answers afresh. What comes up while an answer is due is asked once more after it.
 */
export class Refresher {
  readonly #connection: Connection;
  readonly #refreshed: (reply: Reply<'joinRoom'>) => void;
  #state: 'idle' | 'asked' | 'again' = 'idle';

  constructor(connection: Connection, refreshed: (reply: Reply<'joinRoom'>) => void) {
    this.#connection = connection;
    this.#refreshed = refreshed;
  }

  refresh(): void {
    if (this.#state !== 'idle') {
      this.#state = 'again';
      return;
    }
    this.#state = 'asked';
    this.#connection.ask('joinRoom', {}, (result) => {
      const isAgain = this.#state === 'again';
      this.#state = 'idle';
      if (result?.ok !== true) return;
      this.#refreshed(result);
      if (isAgain) this.refresh();
    });
  }
}
