import type { Hosted } from '../src/host/hosted-object.ts';
import type { FileHost, FileOptions, Flushable, HostedFile } from './hosted-file.ts';
import { type Durability, SqliteFile } from './sqlite-file.ts';
import { Wakeups } from './wakeups.ts';

/** What every kind of object is made with. */
export type FileParts = Pick<FileOptions<never>, 'file' | 'host' | 'askWakeup'>;

export interface HostedFilesOptions<F> {
  /** The path of a key's file. */
  pathOf: (key: string) => string;
  /** The file with the times at which objects are to be woken. */
  wakeupsPath: string;
  durability: Durability;
  maxOpen: number;
  /** How long an object stays in memory without work, in milliseconds. */
  idleMs: number;
  host: Omit<FileHost, 'schedule'>;
  make: (key: string, parts: FileParts) => F;
}

/**
 * The objects of one kind, each in a file: opened on first use, flushed on one shared tick, closed
 * when idle, with at most `maxOpen` files open.
 */
export class HostedFiles<O extends Hosted, F extends HostedFile<O>> {
  readonly #options: HostedFilesOptions<F>;
  readonly #host: FileHost;
  readonly #files = new Map<string, F>();
  readonly #due = new Set<Flushable>();
  /** Objects whose file is open. */
  readonly #open = new Set<F>();
  readonly #idleTimer: NodeJS.Timeout;
  readonly #wakeups: Wakeups;
  #tick: NodeJS.Immediate | undefined;
  #laterTick: NodeJS.Timeout | undefined;

  readonly #schedule = (file: Flushable): void => {
    file.usedAt = Date.now();
    this.#due.add(file);
    this.#tick ??= setImmediate(() => {
      this.#tick = undefined;
      this.#flushDue();
    });
  };

  constructor(options: HostedFilesOptions<F>) {
    this.#options = options;
    const { host, wakeupsPath: path, durability, idleMs } = options;
    this.#host = { ...host, schedule: this.#schedule };
    this.#wakeups = new Wakeups({
      path,
      durability,
      log: host.log,
      wake: (key) => this.#wake(key),
    });
    this.#idleTimer = setInterval(() => this.#closeIdle(), idleMs / 3);
    this.#idleTimer.unref();
  }

  get all(): Iterable<F> {
    return this.#files.values();
  }

  /** How many files are open. */
  get openCount(): number {
    return this.#open.size;
  }

  of(key: string): F {
    const known = this.#files.get(key);
    if (known !== undefined) return known;
    const { pathOf, durability, make } = this.#options;
    const file = new SqliteFile(
      pathOf(key),
      durability,
      () => this.#opens(made),
      () => this.#open.delete(made),
    );
    const made: F = make(key, {
      file,
      host: this.#host,
      askWakeup: (at) => this.#wakeups.ask(key, at),
    });
    this.#files.set(key, made);
    return made;
  }

  /** Stores what is due, then closes every connection with 4000. */
  close(): void {
    clearInterval(this.#idleTimer);
    clearImmediate(this.#tick);
    clearTimeout(this.#laterTick);
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
    this.#wakeups.close();
  }

  async #wake(key: string): Promise<number | undefined> {
    const file = this.of(key);
    await file.ask((object) => object.wake());
    return file.wakeAt;
  }

  /** Flushes the files that are due; a busy one may wait a little for more commands. */
  #flushDue(): void {
    let soonestMs = Infinity;
    const ready: Flushable[] = [];
    for (const file of this.#due) {
      const delayMs = file.scheduler.delayMs(file.connections.size);
      if (delayMs > 0) soonestMs = Math.min(soonestMs, delayMs);
      else ready.push(file);
    }
    // Waiting for the disk is fastest when no other file needs the disk or the process.
    let isAlone = ready.length === 1;
    for (const file of this.#open) isAlone &&= !file.isCommitting;
    for (const file of ready) {
      this.#due.delete(file);
      file.flush(isAlone);
    }
    clearTimeout(this.#laterTick);
    if (soonestMs < Infinity) this.#laterTick = setTimeout(() => this.#flushDue(), soonestMs);
  }

  /** Called before one more file is opened: closes the one that was unused for longest, if need be. */
  #opens(file: F): void {
    if (this.#open.size >= this.#options.maxOpen) this.#closeLeastUsed();
    this.#open.add(file);
  }

  #closeLeastUsed(): void {
    const open = [...this.#open];
    const free = open.filter((file) => !file.isCommitting);
    const oldest = (free.length > 0 ? free : open).toSorted((a, b) => a.usedAt - b.usedAt)[0];
    if (oldest === undefined) return;
    oldest.settle();
    this.#due.delete(oldest);
    oldest.closeFile();
  }

  #closeIdle(): void {
    const before = Date.now() - this.#options.idleMs;
    for (const [key, file] of this.#files) {
      if (file.usedAt > before || !file.isIdle || this.#due.has(file)) continue;
      file.sleep();
      if (file.connections.size === 0) this.#files.delete(key);
    }
  }
}
