import { isSignal } from '../protocol/frames.ts';

/** Most signals of one room that are kept; above it the oldest are dropped. */
export const MAX_LATE_SIGNALS = 256;

/** How long a link that was handed over waits for its successor, in milliseconds. */
const MAX_WAIT_MS = 5_000;

/**
 * The signals that a link still receives after it was handed over. Its successor joins with the same
 * session, whereupon the room closes this link: signals sent before arrive here, later ones at the
 * successor.
 */
export class LateSignals {
  readonly all: Promise<readonly string[]>;
  #lines: string[] = [];
  #resolve!: (lines: readonly string[]) => void;
  readonly #timer: ReturnType<typeof setTimeout>;

  /**
   * @param close closes the link if the room has not closed it in time. The signals are then dropped:
   * the successor may have received the same
   */
  constructor(close: () => void) {
    this.all = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#timer = setTimeout(() => {
      this.#resolve([]);
      close();
    }, MAX_WAIT_MS);
  }

  take(lines: readonly string[]): void {
    this.#lines = [...this.#lines, ...lines.filter(isSignal)].slice(-MAX_LATE_SIGNALS);
  }

  /** The room has closed the link, or it broke. */
  end(): void {
    clearTimeout(this.#timer);
    this.#resolve(this.#lines);
  }
}
