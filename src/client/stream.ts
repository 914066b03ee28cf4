/** Items for one loop: each waits until it is taken. */
export class Stream<T> {
  readonly #waiting: { item: T; handled: () => void }[] = [];
  #wake = () => {};
  #isOver = false;
  /** Resolves when the loop has handled every item pushed so far and asked for the next. */
  drained: Promise<void> | undefined;

  push(item: T): void {
    this.drained = new Promise((handled) => {
      this.#waiting.push({ item, handled });
    });
    this.#wake();
  }

  /** No more items follow; those that wait can still be taken. */
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
