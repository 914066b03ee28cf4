/** A room passes on one notice in 3 s and drops the rest; a little later than that is never dropped. */
const EVERY_MS = 3_500;

/** Tells the room that somebody is typing, as often as it helps and no more. */
export class TypingNotice {
  #tell;
  /** When the room was last told, in epoch milliseconds. */
  #toldAt = 0;
  #isTyping = false;
  /** @type {number | undefined} */
  #due;

  /** @param {(isTyping: boolean) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /** A key was pressed, and there is something to send. */
  typed() {
    if (this.#due !== undefined) return;
    const wait = this.#toldAt + EVERY_MS - Date.now();
    if (wait > 0 && wait <= EVERY_MS) this.#due = setTimeout(() => this.#telling(), wait);
    else this.#telling();
  }

  /** Everything was deleted again. */
  stopped() {
    if (this.#isTyping) this.#tell(false);
    this.end();
  }

  /** What was written is sent, which ends typing by itself; or there is nobody to tell. */
  end() {
    this.#isTyping = false;
    clearTimeout(this.#due);
    this.#due = undefined;
  }

  #telling() {
    this.#due = undefined;
    this.#isTyping = true;
    this.#toldAt = Date.now();
    this.#tell(true);
  }
}
