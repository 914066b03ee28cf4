import type { Clock } from './ports.ts';

/**
 * What a flush may cost of a room's time, as its window for each listener: writing one frame takes
 * about 10 µs on either host, so at most a fifth of the time goes into frames.
 */
const WINDOW_MS_PER_LISTENER = 0.05;

/**
 * When what is due leaves: at once after quiet, and else not before the window since the last flush
 * is over, so that a busy room gathers. The more listeners, the dearer a flush and the longer the
 * window, to a cap.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #capMs: number;
  #flushedAt = -Infinity;

  constructor(clock: Clock, capMs: number) {
    this.#clock = clock;
    this.#capMs = capMs;
  }

  /** How long to wait from now, in milliseconds; 0 for at once. */
  delayMs(listeners: number): number {
    const windowMs = Math.min(listeners * WINDOW_MS_PER_LISTENER, this.#capMs);
    const waitedMs = this.#clock.now() - this.#flushedAt;
    // A clock that goes back must not hold anything.
    return waitedMs < 0 || waitedMs >= windowMs ? 0 : Math.ceil(windowMs - waitedMs);
  }

  flushed(): void {
    this.#flushedAt = this.#clock.now();
  }
}
