/** Epoch milliseconds; may go back. */
interface Clock {
  now(): number;
}

/**
 * The least window, for each listener, in milliseconds: half of what writing one frame takes on
 * either host.
 */
const WINDOW_MS_PER_LISTENER = 0.005;

/** How much an earlier flush still counts, relative to the one after it. */
const MEMORY = 0.5;

/**
 * How many pieces of work recent flushes must have gathered before it pays to wait as long as a flush
 * takes: with fewer, the wait is longer than what it saves (a room of 200 at half of its load: p50 4.7
 * ms instead of 2.7).
 */
const BUSY = 8;

/**
 * Decides when to flush: at once in a quiet room, otherwise not before a window since the last flush
 * has passed, so that a busy room gathers work. The window is as long as a flush has taken, where the
 * host can tell, and at least half of what writing its frames takes, up to a cap: the wait adds little
 * to the time that the frames take anyway. A room that had nothing to do for as long as a flush takes
 * is not busy, however slow the disk; nor is a room whose flushes gather little, such as one with a
 * client that waits for each reply before its next command.
 */
export class FlushScheduler {
  readonly #clock: Clock;
  readonly #capMs: number;
  #flushedAt = -Infinity;
  #isFlushing = false;
  #costMs = 0;
  /** How long nothing was due after the last flush, in milliseconds; undefined while nothing is due. */
  #quietMs: number | undefined;
  /** How many pieces of work recent flushes were for. */
  #gathered = 0;

  constructor(clock: Clock, capMs: number) {
    this.#clock = clock;
    this.#capMs = capMs;
  }

  /** How long to wait from now, in milliseconds; 0: flush at once. Call it when something is due. */
  delayMs(listeners: number): number {
    const waitedMs = this.#isFlushing ? 0 : this.#clock.now() - this.#flushedAt;
    this.#quietMs ??= waitedMs;
    const leastMs = listeners * WINDOW_MS_PER_LISTENER;
    const isBusy = this.#gathered > BUSY && this.#quietMs < this.#costMs;
    const batchDelayMs = isBusy ? this.#costMs : 0;
    // It cannot be sent before the flush under way ends, so it waits for what else comes.
    const flushMs = this.#isFlushing ? 1 : 0;
    const windowMs = Math.min(Math.max(leastMs, batchDelayMs, flushMs), this.#capMs);
    // A clock that goes back must not delay a flush.
    return waitedMs < 0 || waitedMs >= windowMs ? 0 : Math.ceil(windowMs - waitedMs);
  }

  /** A flush has begun that takes longer than this turn. */
  flushes(): void {
    this.#isFlushing = true;
    this.#quietMs = undefined;
  }

  /**
   * A flush is over.
   * @param costMs how long it took, where the host can tell
   * @param works how many pieces of work it was for
   */
  flushed(costMs = 0, works = 1): void {
    this.#gathered = Math.max(works, this.#gathered * MEMORY);
    const isDueAgain = this.#isFlushing && this.#quietMs !== undefined;
    this.#quietMs = isDueAgain ? 0 : undefined;
    this.#isFlushing = false;
    this.#flushedAt = this.#clock.now();
    this.#costMs = Math.max(costMs, this.#costMs * MEMORY);
  }
}
