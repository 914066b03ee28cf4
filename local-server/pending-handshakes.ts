/**
 * Everything that has not authenticated yet: connections that are silent, or in the middle of a request,
 * or refused; sockets before their token; polling sessions before theirs.
 *
 * Their number is bounded as a whole, and one more drops the oldest. So a client that authenticates at
 * once gets in, however many are silent, and no address is counted: one may stand for a whole office, or
 * for a proxy of ours.
 */
export class PendingHandshakes {
  readonly #max: number;
  /** How to drop each, the oldest first. */
  readonly #drops = new Map<object, () => void>();
  /** How many were dropped since the start. */
  dropped = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#drops.size;
  }

  add(handshake: object, drop: () => void): void {
    this.#drops.set(handshake, drop);
    if (this.#drops.size <= this.#max) return;
    const [[oldest, dropOldest]] = this.#drops as unknown as [[object, () => void]];
    this.#drops.delete(oldest);
    this.dropped++;
    dropOldest();
  }

  /** It has authenticated, or it is closed. */
  remove(handshake: object | undefined): void {
    if (handshake !== undefined) this.#drops.delete(handshake);
  }
}
