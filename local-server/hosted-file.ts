import { randomUUID } from 'node:crypto';
import { FlushScheduler } from '../src/host/flush-scheduler.ts';
import { type Hosted, HostedObject, type OwnPorts } from '../src/host/hosted-object.ts';
import type { Carry } from '../src/host/courier.ts';
import { type CloseCode, closeCodes, closeReasons } from '../src/protocol/codes/close-codes.ts';
import type { Log, Ports } from '../src/room/ports.ts';
import type { SqliteFile } from './sqlite-file.ts';

/** The ports that an object in a file gets from its host. */
export type FilePorts = OwnPorts & Pick<Ports, 'sql' | 'clock' | 'ids' | 'wakeup' | 'log'>;

/** A connection, as far as its file needs it. */
interface Closable {
  close(code: CloseCode, reason: string): void;
}

/** What a host needs of a file to flush it, whatever kind of object is in it. */
export type Flushable = Pick<HostedFile, 'flush' | 'scheduler' | 'connections' | 'usedAt'>;

/** Where a file counts its flushes. */
export interface FileMeter {
  /**
   * Counts a flush.
   * @param commitMs how long storing and handing out took, in milliseconds
   * @param waitedMs time since its first command came, in milliseconds
   */
  stored(commitMs: number, waitedMs: number): void;
}

/** What the files of one kind of object need of their host. */
export interface FileHost {
  /** The longest wait for a fuller flush, in milliseconds. */
  batchDelayMs: number;
  log: Log;
  /** A flush is due. */
  schedule(file: Flushable): void;
  meter?: FileMeter | undefined;
  carry?: Carry;
  /** How long one `carry` may take, in milliseconds; absent for the courier's default. */
  carryMs?: number;
}

/** Options of a file. */
export interface FileOptions<O extends Hosted> {
  file: SqliteFile;
  host: FileHost;
  make(ports: FilePorts): O;
  /** The object asks to be woken at this time, in epoch milliseconds. */
  askWakeup(at: number): void;
}

/** How much work may be queued while the disk is written; with more, the process waits for the disk. */
const MAX_QUEUED = 256;

/** One SQLite file and the object that is stored in it, which is made when needed and evicted when idle. */
export class HostedFile<
  O extends Hosted = Hosted,
  C extends Closable = Closable,
> extends HostedObject<O> {
  /** They stay when the object is evicted. */
  readonly connections = new Set<C>();
  readonly #options: FileOptions<O>;
  readonly scheduler: FlushScheduler;
  /** When the file was last used, in epoch milliseconds. */
  usedAt = Date.now();
  /** When the object has asked to be woken, in epoch milliseconds. */
  wakeAt: number | undefined;

  constructor(options: FileOptions<O>) {
    const { file, host } = options;
    super({
      storage: file,
      make: (own) => this.#make(own),
      clock: performance,
      after: setTimer,
      schedule: () => host.schedule(this),
      flushed: ({ hasHandedOut, works, dueSince, startedAt, storedAt }) => {
        if (!hasHandedOut) return;
        const now = performance.now();
        // Without the time of the disk, during which other files use the processor.
        this.scheduler.flushed(now - storedAt, works);
        host.meter?.stored(now - startedAt, now - dueSince);
      },
      reset: () => {
        file.discard();
        this.#closeConnections();
      },
      ...(host.carry !== undefined && { carry: host.carry, carryMs: host.carryMs }),
      log: host.log,
      maxQueued: MAX_QUEUED,
    });
    this.#options = options;
    this.scheduler = new FlushScheduler(Date, host.batchDelayMs);
  }

  /** Evicts the object and closes its file; the connections stay. Nothing may be due. */
  sleep(): void {
    this.evict();
    this.closeFile();
  }

  /** Closes the file, which opens again when it is next needed. Nothing may be due. */
  closeFile(): void {
    this.#options.file.close();
  }

  /** Stores and hands out what is due, then closes every connection with 4000. */
  close(): void {
    this.settle();
    this.#closeConnections();
    this.sleep();
  }

  #closeConnections(): void {
    const closing = [...this.connections];
    // A link reports at once that it has ended.
    this.connections.clear();
    for (const connection of closing) {
      connection.close(closeCodes.goingAway, closeReasons[closeCodes.goingAway]);
    }
  }

  #make(own: OwnPorts): O {
    const { file, host } = this.#options;
    try {
      return this.#options.make({
        ...own,
        sql: file,
        clock: Date,
        ids: { make: randomUUID },
        wakeup: { set: (at) => this.#setWakeup(at) },
        log: host.log,
      });
    } catch (error) {
      file.discard();
      throw error;
    }
  }

  /** Asks for a wakeup before the change that needs it is stored; it is taken back after the wakeup. */
  #setWakeup(at: number | undefined): void {
    this.wakeAt = at;
    if (at !== undefined) this.#options.askWakeup(at);
  }
}

function setTimer(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}
