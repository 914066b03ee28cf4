import type { Connection } from './connection.ts';
import type { Reading } from './reading.ts';

/** Takes to the room how far this user has read, one position at a time. */
export class ReadMarker {
  readonly #connection: Connection;
  readonly #reading: Reading;
  readonly #kept: () => void;
  #isMarking = false;

  /** @param kept called when the room has kept a position, and thus knows this user */
  constructor(connection: Connection, reading: Reading, kept: () => void) {
    this.#connection = connection;
    this.#reading = reading;
    this.#kept = kept;
  }

  /** This user has read so far. */
  mark(readUpTo: number): void {
    this.#reading.want(readUpTo);
    this.go();
  }

  /** Sends what the room does not know yet. */
  go(): void {
    const readUpTo = this.#reading.wanted;
    if (readUpTo === undefined || this.#isMarking || !this.#connection.isOpen) return;
    this.#isMarking = true;
    this.#connection.ask('markRead', { readUpTo }, (result) => {
      this.#isMarking = false;
      if (result === undefined) return;
      // The room knows no position beyond its newest message.
      if (this.#reading.wanted === readUpTo) this.#reading.giveUp();
      if (result.ok) {
        this.#kept();
        this.#reading.kept(result);
      }
      this.go();
    });
  }
}
