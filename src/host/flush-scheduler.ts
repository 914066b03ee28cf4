/** Epoch milliseconds; may go back. */
interface Clock {
  now(): number;
}

/** The least window, for each listener: half of what writing one frame takes on either host. */
const WINDOW_MS_PER_LISTENER = 0.005;

/** How much of an earlier flush still counts. */
const MEMORY = 0.5;

/**
 * What flushes must gather, on average of late, before waiting as long as one takes pays: with fewer, the
 * wait is longer than what it saves (a room of 200 at half of its load: p50 4.7 ms in place of 2.7).
 */
const BUSY = 8;

/**
 * When what is due leaves: at once after quiet, and else not before the window since the last flush
 * is over, so that a busy room gathers. The window is as long as a flush has taken, where the host can
 * tell, and at least half of what its frames take, to a cap: the wait adds little to what others'
 * frames take anyway. A room that has had nothing to do for as long as a flush takes is not busy,
 * however slow the disk; nor is one where flushes gather little, as for a client that waits for each
 * reply before its next command.
 */
export class FlushScheduler {
  readonly #clock: Clock;
  readonly #capMs: number;
  #flushedAt = -Infinity;
  #isFlushing = false;
  #costMs = 0;
  /** How long nothing was due after the last flush; undefined while nothing is due. */
  #quietMs: number | undefined;
  /** How much work flushes were for of late. */
  #gathered = 0;

  constructor(clock: Clock, capMs: number) {
    this.#clock = clock;
    this.#capMs = capMs;
  }

  /** How long to wait from now, in milliseconds; 0 for at once. To be asked when something is due. */
  delayMs(listeners: number): number {
    const waitedMs = this.#isFlushing ? 0 : this.#clock.now() - this.#flushedAt;
    this.#quietMs ??= waitedMs;
    const leastMs = listeners * WINDOW_MS_PER_LISTENER;
    const isBusy = this.#gathered > BUSY && this.#quietMs < this.#costMs;
    const batchDelayMs = isBusy ? this.#costMs : 0;
    // It cannot leave before what is leaving, and may as well leave together with what else comes.
    const flushMs = this.#isFlushing ? 1 : 0;
    const windowMs = Math.min(Math.max(leastMs, batchDelayMs, flushMs), this.#capMs);
    // A clock that goes back must not hold anything.
    return waitedMs < 0 || waitedMs >= windowMs ? 0 : Math.ceil(windowMs - waitedMs);
  }

  /** A flush has begun that takes longer than this turn. */
  flushes(): void {
    this.#isFlushing = true;
    this.#quietMs = undefined;
  }

  /**
   * A flush is over.
   * @param costMs what it has cost, where the host can tell
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
