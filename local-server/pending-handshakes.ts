/**
 * Everything that has not authenticated yet: connections that are silent, or in the middle of a request,
 * or refused; sockets and polling sessions before their token is verified.
 *
 * Their total number is limited, and one more drops the oldest. So a client that authenticates at once
 * gets in, however many are silent. Addresses are not counted, because one may be that of a whole office
 * or of the operator's proxy.
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

  /** A handshake has authenticated, or is closed. */
  remove(handshake: object | undefined): void {
    if (handshake !== undefined) this.#drops.delete(handshake);
  }
}
