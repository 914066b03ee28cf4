/** So many failures in a row, within this time, in milliseconds, open the breaker for as long. */
const MAX_FAILURES = 5;
const WINDOW_MS = 30_000;

/** Stops requests to an endpoint that fails, so that nobody waits for it in vain. */
export class CircuitBreaker {
  readonly #now: () => number;
  /** When the last requests failed, without a success in between. */
  #failures: number[] = [];
  #openedAt = -Infinity;

  constructor(now: () => number) {
    this.#now = now;
  }

  get isOpen(): boolean {
    const openForMs = this.#now() - this.#openedAt;
    return openForMs >= 0 && openForMs < WINDOW_MS;
  }

  succeeded(): void {
    this.#failures = [];
  }

  failed(): void {
    const now = this.#now();
    this.#failures = [...this.#failures.filter((at) => now - at < WINDOW_MS), now];
    if (this.#failures.length < MAX_FAILURES) return;
    this.#failures = [];
    this.#openedAt = now;
  }
}
