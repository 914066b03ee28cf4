import type { Listeners } from './listeners.ts';

/**
 * Stores how far a program has handled each room, over restarts, for example in a file. A position is
 * an opaque text.
 */
export interface Positions {
  /**
   * The position that was last set; null or undefined for a room that is new to the program. With `0:0`
   * it begins at the room's first message.
   */
  get(roomId: string): Awaitable<string | null | undefined>;
  /** Called one at a time, when everything up to the position is handled. */
  set(roomId: string, position: string): Awaitable<unknown>;
}

type Awaitable<T> = T | PromiseLike<T>;

/** Epoch and `rev`; while missed messages arrive, also {@link PositionKeeper}'s `#newAbove`. */
const FORM = /^([\w-]+):(\d+)(?: (\d+))?$/;

/** Stores the position of one room whenever everything up to it has been handled. */
export class PositionKeeper {
  readonly #positions: Positions;
  readonly #roomId: string;
  readonly #listeners: Pick<Listeners<never>, 'handled' | 'report'>;
  #epoch = '';
  /** The position up to which events were emitted. */
  rev = 0;
  /** While missed messages arrive, which are not in the order of `seq`: those above this one are new. */
  #newAbove: number | undefined;
  /** Counts positions, so that one that is handled late does not replace a newer one. */
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

  /**
   * @returns the position to join with; undefined where nothing usable is stored, and after
   * the first time
   */
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

  /** Whether a missed message is new, for one that is older than the loaded messages. */
  isNew(seq: number): boolean {
    return seq > (this.#newAbove ?? Infinity);
  }

  /** Missed messages are about to be emitted. */
  catchUp(epoch: string): void {
    this.#epoch = epoch;
    this.#newAbove ??= this.rev;
  }

  /** A change has been emitted, and everything before it. */
  reached(rev: number): void {
    if (rev <= this.rev) return;
    this.rev = rev;
    this.#keep();
  }

  /** Everything up to a position has been emitted; further events are live. */
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
    // An event that a listener failed to handle is emitted again after a restart, unless later ones
    // were handled.
    void this.#listeners.handled().then(handled, () => undefined);
  }

  /** Of positions that wait for an earlier write, only the newest is written. */
  async #write(number: number, position: string): Promise<void> {
    if (number === this.#due) await this.#positions.set(this.#roomId, position);
  }
}
