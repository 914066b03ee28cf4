import type { Clock } from './ports.ts';

/** The least window, for each listener: writing one frame takes about 10 µs on either host. */
const WINDOW_MS_PER_LISTENER = 0.05;

/** A window is so many times what a flush costs, so that a fifth of the time goes into frames. */
const WINDOW_PER_COST = 4;

/** How much of an earlier cost still counts. */
const MEMORY = 0.7;

/**
 * When what is due leaves: at once after quiet, and else not before the window since the last flush
 * is over, so that a busy room gathers. The more listeners and the dearer a flush has been, the
 * longer the window, to a cap.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #capMs: number;
  #flushedAt = -Infinity;
  #costMs = 0;

  constructor(clock: Clock, capMs: number) {
    this.#clock = clock;
    this.#capMs = capMs;
  }

  /** How long to wait from now, in milliseconds; 0 for at once. */
  delayMs(listeners: number): number {
    const leastMs = listeners * WINDOW_MS_PER_LISTENER;
    const windowMs = Math.min(Math.max(leastMs, this.#costMs * WINDOW_PER_COST), this.#capMs);
    const waitedMs = this.#clock.now() - this.#flushedAt;
    // A clock that goes back must not hold anything.
    return waitedMs < 0 || waitedMs >= windowMs ? 0 : Math.ceil(windowMs - waitedMs);
  }

  flushed(): void {
    this.#flushedAt = this.#clock.now();
  }

  /** What the last flush has cost, where the host can tell; told when it is over. */
  costed(ms: number): void {
    this.#costMs = Math.max(ms, this.#costMs * MEMORY);
    this.flushed();
  }
}
