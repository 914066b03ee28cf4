/** Items for one loop: what comes waits until it is taken. */
export class Stream<T> {
  readonly #waiting: { item: T; handled: () => void }[] = [];
  #wake = () => {};
  #isOver = false;
  /** Resolves when the loop has come back for more after everything that was given until now. */
  drained: Promise<void> | undefined;

  push(item: T): void {
    this.drained = new Promise((handled) => {
      this.#waiting.push({ item, handled });
    });
    this.#wake();
  }

  /** Nothing more comes; what waits can still be taken. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** @param left called when the loop ends, from either side */
  async *items(left: () => void): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
          yield next.item;
          next.handled();
        }
        if (this.#isOver) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      left();
    }
  }
}
