import type { Listeners } from './listeners.ts';

/**
 * Keeps how far a program has handled each room, over restarts; in a file, say. A position is text:
 * keep it as it is.
 */
export interface Positions {
  /**
   * The position that was last set; null or undefined for a room that is new to the program. `0:0`
   * begins with the first message there is.
   */
  get(roomId: string): Awaitable<string | null | undefined>;
  /** Called one at a time, when everything up to the position is handled. */
  set(roomId: string, position: string): Awaitable<unknown>;
}

type Awaitable<T> = T | PromiseLike<T>;

/** Epoch and `rev`; and, while missed messages come, {@link PositionKeeper}'s `#newAbove`. */
const FORM = /^([\w-]+):(\d+)(?: (\d+))?$/;

/** Stores the position of one room whenever what leads to it has been handled. */
export class PositionKeeper {
  readonly #positions: Positions;
  readonly #roomId: string;
  readonly #listeners: Pick<Listeners<never>, 'handled' | 'report'>;
  #epoch = '';
  /** The position up to which events were emitted. */
  rev = 0;
  /** While missed messages come, out of the order of `seq`: those above this one are new. */
  #newAbove: number | undefined;
  /** Counts positions, so that one that is handled late does not take the place of a newer one. */
  #last = 0;
  #due = 0;
  #writes: Promise<unknown> = Promise.resolve();

  constructor(
    positions: Positions,
    roomId: string,
    listeners: Pick<Listeners<never>, 'handled' | 'report'>,
  ) {
    this.#positions = positions;
    this.#roomId = roomId;
    this.#listeners = listeners;
  }

  /** @returns what to join with; undefined where nothing usable is stored, and after the first time */
  async load(): Promise<string | undefined> {
    if (this.#epoch !== '') return undefined;
    const stored = FORM.exec((await this.#positions.get(this.#roomId)) ?? '');
    if (stored === null) return undefined;
    const [, epoch = '', rev, newAbove = rev] = stored;
    this.#epoch = epoch;
    this.rev = Number(rev);
    this.#newAbove = Number(newAbove);
    return `${epoch}:${rev}`;
  }

  /** Whether a missed message is new, where the loaded messages do not show it. */
  isNew(seq: number): boolean {
    return seq > (this.#newAbove ?? Infinity);
  }

  /** Missed messages are going to be emitted. */
  missing(epoch: string): void {
    this.#epoch = epoch;
    this.#newAbove ??= this.rev;
  }

  /** A change is emitted, and with it all before it. */
  reached(rev: number): void {
    if (rev <= this.rev) return;
    this.rev = rev;
    this.#keep();
  }

  /** Everything up to a position is emitted; what comes from now on is live. */
  caughtUp(position: string): void {
    const [epoch = '', rev] = position.split(':');
    this.#epoch = epoch;
    this.rev = Number(rev);
    this.#newAbove = undefined;
    this.#keep();
  }

  #keep(): void {
    const number = ++this.#last;
    const suffix = this.#newAbove === undefined ? '' : ` ${this.#newAbove}`;
    const position = `${this.#epoch}:${this.rev}${suffix}`;
    const handled = () => {
      if (number < this.#due) return;
      this.#due = number;
      const written = this.#writes.then(() => this.#write(number, position));
      this.#writes = written.catch(this.#listeners.report);
    };
    // What a listener failed to handle comes again after a restart, unless later events are handled.
    void this.#listeners.handled().then(handled, () => undefined);
  }

  /** Of positions that wait for an earlier one to be written, the newest is enough. */
  async #write(number: number, position: string): Promise<void> {
    if (number === this.#due) await this.#positions.set(this.#roomId, position);
  }
}
