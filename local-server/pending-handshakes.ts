/**
 * Everything that is there without having said yet whose it is: connections that are silent, or in the
 * middle of a request, or refused; sockets before their token; polling sessions before theirs.
 *
 * Their number is bounded as a whole, and the oldest has to go for one more. So whoever speaks at once
 * gets in, however many are silent, and no address is counted, behind which there may be a whole office
 * or a proxy of ours.
 */
export class PendingHandshakes {
  readonly #most: number;
  /** How to drop each, the oldest first. */
  readonly #all = new Map<object, () => void>();
  /** How many had to go, since the start. */
  dropped = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#all.size;
  }

  come(one: object, drop: () => void): void {
    this.#all.set(one, drop);
    if (this.#all.size <= this.#most) return;
    const [[oldest, dropOldest]] = this.#all as unknown as [[object, () => void]];
    this.#all.delete(oldest);
    this.dropped++;
    dropOldest();
  }

  /** It is known whose it is, or it has gone. */
  leave(one: object | undefined): void {
    if (one !== undefined) this.#all.delete(one);
  }
}
