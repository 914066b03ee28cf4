import { closeCodes, closeReasons } from '../src/protocol/codes/close-codes.ts';
import type { Limits } from '../src/protocol/codes/limits.ts';
import type { Log, Meter } from '../src/room/ports.ts';
import { FlushScheduler } from '../src/host/flush-scheduler.ts';
import { HostedObject } from '../src/host/hosted-object.ts';
import { Room } from '../src/room/room.ts';
import type { NodeConnection } from './node-connection.ts';
import type { SqliteFile } from './sqlite-file.ts';

/** What the node host counts of its rooms beside what they count themselves. */
export interface NodeMeter extends Meter {
  woken(): void;
  /** A flush has stored and handed out; both in milliseconds. */
  stored(commitMs: number, waitedMs: number): void;
}

export interface NodeRoomOptions {
  roomId: string;
  /** As the room's ports have it. */
  firstEpoch: string;
  file: SqliteFile;
  limits: Limits;
  log: Log;
  meter: NodeMeter | undefined;
  /** A flush is due. */
  onDue: (room: NodeRoom) => void;
  /** The room asks to be woken at this time, in epoch milliseconds. */
  onWakeup: (at: number) => void;
}

/** Work that may wait for the disk. At this much the process waits too. */
const MAX_QUEUED = 256;

/** One room on this host: its file, its timers and its connections, which outlive the Room. */
export class NodeRoom extends HostedObject<Room> {
  readonly connections = new Set<NodeConnection>();
  readonly #options: NodeRoomOptions;
  readonly #scheduler: FlushScheduler;
  /** In epoch milliseconds. */
  usedAt = Date.now();
  /** When the Room has asked to be woken, in epoch milliseconds. */
  wakeAt: number | undefined;

  constructor(options: NodeRoomOptions) {
    const { file, limits, log, meter } = options;
    super({
      make: () => this.#make(),
      now: () => performance.now(),
      after: (ms, work) => {
        const timer = setTimeout(work, ms);
        return () => clearTimeout(timer);
      },
      schedule: () => {
        this.usedAt = Date.now();
        options.onDue(this);
      },
      commit: (waits, done) => file.commit(waits, done),
      awaitCommit: () => file.sync(),
      flushed: (hasHandedOut, startedAt, dueSince) => {
        if (!hasHandedOut) return;
        this.#scheduler.flushed();
        const now = performance.now();
        meter?.stored(now - startedAt, now - dueSince);
      },
      reset: () => {
        file.discard();
        this.#closeAll();
      },
      log,
      maxQueued: MAX_QUEUED,
    });
    this.#options = options;
    this.#scheduler = new FlushScheduler({ now: () => Date.now() }, limits.batchDelayMs);
  }

  /** How long the next flush should wait, in milliseconds: not at all, unless the room is busy. */
  get flushDelayMs(): number {
    return this.#scheduler.delayMs(this.connections.size);
  }

  /** Forgets the Room and closes its file; the connections stay. Nothing may be due. */
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
    this.#closeAll();
    this.sleep();
  }

  #closeAll(): void {
    const everyone = [...this.connections];
    // A link reports at once that it has ended.
    this.connections.clear();
    for (const connection of everyone) {
      connection.close(closeCodes.goingAway, closeReasons[closeCodes.goingAway]);
    }
  }

  #make(): Room {
    const { roomId, firstEpoch, file, limits, log, meter } = this.#options;
    meter?.woken();
    const ports = {
      sql: file,
      clock: { now: () => Date.now() },
      ids: { make: () => crypto.randomUUID() },
      firstEpoch,
      wakeup: { set: (at: number | undefined) => this.#setWakeup(at) },
      timer: this,
      roster: { connections: () => this.connections },
      log,
      ...(meter !== undefined && { meter }),
    };
    try {
      return new Room(roomId, ports, limits);
    } catch (error) {
      file.discard();
      throw error;
    }
  }

  /** Asked for before what it is for is stored; taken back when the Room has been woken. */
  #setWakeup(at: number | undefined): void {
    this.wakeAt = at;
    if (at !== undefined) this.#options.onWakeup(at);
  }
}
