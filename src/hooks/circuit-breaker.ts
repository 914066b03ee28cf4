/** This many failures in a row within `WINDOW_MS` milliseconds open the breaker for as long. */
const MAX_FAILURES = 5;
const WINDOW_MS = 30_000;

/** Stops requests to an endpoint that keeps failing, so that callers do not wait for its time-out. */
export class CircuitBreaker {
  readonly #now: () => number;
  /** When the latest requests failed, since the last success. */
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
