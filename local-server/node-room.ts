import { closeCodes, closeReasons } from '../src/protocol/codes/close-codes.ts';
import { Refusal, unavailable } from '../src/protocol/codes/errors.ts';
import type { Limits } from '../src/protocol/codes/limits.ts';
import type { Log, Meter } from '../src/room/ports.ts';
import { FlushScheduler } from '../src/host/flush-scheduler.ts';
import { Room } from '../src/room/room.ts';
import type { NodeConnection } from './node-connection.ts';
import type { SqliteFile } from './sqlite-file.ts';

/** What the node host counts of its rooms beside what they count themselves. */
export interface NodeMeter extends Meter {
  woken(): void;
  /** A flush has stored and handed out; both in milliseconds. */
  stored(commitMs: number, waitedMs: number): void;
}

/** Which room it is; `firstEpoch` as the room's ports have it. */
export interface RoomName {
  roomId: string;
  firstEpoch: string;
}

/** What waits for the next commit: told whether it held. */
type Waiter = (stored: boolean) => void;

/** A commit on its way to the disk. Until it is there nothing is done in the room. */
interface Commit {
  waiters: readonly Waiter[];
  /** When it began, and when the first of what it stores was decided, by the monotonic clock. */
  startedAt: number;
  dueSince: number;
  /** What is to be done in the room next, in the order it came. */
  behind: (() => void)[];
  /** It is there, or will never be. */
  isOver: boolean;
}

/**
 * So much may wait for the disk. With more the process waits too, so that what is sent further waits
 * in the network.
 */
const MAX_QUEUED = 256;

/**
 * One room's life within this process, the same as a Durable Object's: the Room is made when it is
 * needed and forgotten when it has been idle, while its connections stay.
 */
export class NodeRoom {
  readonly connections = new Set<NodeConnection>();
  readonly #name: RoomName;
  readonly #file: SqliteFile;
  readonly #limits: Limits;
  readonly #log: Log;
  readonly #onDue: (room: NodeRoom) => void;
  readonly #onWakeup: (at: number) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #flushScheduler: FlushScheduler;
  readonly #meter: NodeMeter | undefined;
  #waiters: Waiter[] = [];
  #storing: Commit | undefined;
  /** When the first of what the next flush stores was decided, by the monotonic clock. */
  #dueSince: number | undefined;
  #room: Room | undefined;
  /** Tells one life of the Room from the next. */
  lives = 0;
  usedAt = Date.now();
  /** When the Room has asked to be woken, in epoch milliseconds. */
  wakeAt: number | undefined;

  constructor(
    name: RoomName,
    file: SqliteFile,
    limits: Limits,
    log: Log,
    onDue: (room: NodeRoom) => void,
    onWakeup: (at: number) => void,
    meter?: NodeMeter,
  ) {
    this.#meter = meter;
    this.#name = name;
    this.#file = file;
    this.#limits = limits;
    this.#flushScheduler = new FlushScheduler({ now: () => Date.now() }, limits.batchDelayMs);
    this.#log = log;
    this.#onDue = onDue;
    this.#onWakeup = onWakeup;
  }

  /**
   * What `work` returns or throws once it is done in the Room, in its turn.
   * @throws Refusal `unavailable` when it cannot be opened: by newer code written, damaged, no disk
   */
  ask<T>(work: (room: Room) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#inTurn(() => {
        try {
          resolve(work(this.#use()));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Does something at once, or behind what is on its way to the disk. */
  #inTurn(work: () => void): void {
    if (this.#storing === undefined) {
      work();
      return;
    }
    this.#storing.behind.push(work);
    if (this.#storing.behind.length === MAX_QUEUED) this.#await();
  }

  /** The Room, made if need be; what it decides is flushed on the next tick. */
  #use(): Room {
    this.usedAt = Date.now();
    this.#dueSince ??= performance.now();
    this.#onDue(this);
    this.#room ??= this.#open();
    return this.#room;
  }

  /**
   * Does something in the Room for a connection it has. A room that cannot be opened, because its file
   * is broken or the disk is full, sends its connections away to come back, and troubles no other.
   */
  attempt(work: (room: Room) => void): void {
    this.#inTurn(() => this.#attempt(work));
  }

  #attempt(work: (room: Room) => void): void {
    try {
      work(this.#use());
    } catch (error) {
      if (!(error instanceof Refusal)) this.#log.failure('room', error);
      this.#throwAway();
    }
  }

  /** Whether everything decided so far gets stored, or is lost. */
  stored(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  /** One commit for everything since the last flush; only then does anything leave. */
  flush(): void {
    this.#store(false);
  }

  /** Stores and hands out all that was decided, and returns when that is done. */
  settle(): void {
    this.#await();
    this.#store(true);
  }

  #store(waits: boolean): void {
    const startedAt = performance.now();
    const storing: Commit = {
      waiters: this.#waiters,
      startedAt,
      dueSince: this.#dueSince ?? startedAt,
      behind: [],
      isOver: false,
    };
    this.#storing = storing;
    this.#waiters = [];
    this.#dueSince = undefined;
    try {
      const isUnsynced = this.#file.commit();
      if (isUnsynced && !waits) {
        this.#file.syncLater((error) => this.#conclude(storing, error));
        return;
      }
      if (isUnsynced) this.#file.sync();
    } catch (error) {
      this.#conclude(storing, error);
      return;
    }
    this.#conclude(storing, null);
  }

  /** Waits for the disk, if anything is on its way to it. */
  #await(): void {
    const storing = this.#storing;
    if (storing === undefined || storing.isOver) return;
    try {
      this.#file.sync();
    } catch (error) {
      this.#conclude(storing, error);
      return;
    }
    this.#conclude(storing, null);
  }

  #conclude(storing: Commit, error: unknown): void {
    // It was waited for before.
    if (storing.isOver) return;
    storing.isOver = true;
    const { waiters, behind } = storing;
    try {
      if (error === null) this.#handOut(storing);
      else {
        this.#log.failure('commit', error);
        this.#throwAway();
      }
      for (const waiter of waiters) waiter(error === null);
      // What one of these leads to comes behind the others.
      for (const work of behind) work();
    } finally {
      this.#storing = undefined;
    }
  }

  #handOut({ startedAt, dueSince }: Commit): void {
    if (this.#room?.flush() !== true) return;
    this.#flushScheduler.flushed();
    const now = performance.now();
    this.#meter?.stored(now - startedAt, now - dueSince);
  }

  /** How long the next flush should wait, in milliseconds: not at all, unless the room is busy. */
  get flushDelayMs(): number {
    return this.#flushScheduler.delayMs(this.connections.size);
  }

  /** Whether nothing keeps the Room awake. */
  get isIdle(): boolean {
    return this.#timers.size === 0 && this.#waiters.length === 0 && !this.isStoring;
  }

  /** Whether the Room is in memory. */
  get isAwake(): boolean {
    return this.#room !== undefined;
  }

  /** Whether something is on its way to the disk. */
  get isStoring(): boolean {
    return this.#storing !== undefined;
  }

  /** Closes the file, which opens again when it is next needed. Nothing may be due. */
  letGoOfFile(): void {
    this.#file.close();
  }

  /** Lets the file go, and with it what the Room knew; the connections stay. */
  sleep(): void {
    this.#room = undefined;
    this.#file.close();
  }

  /** Ends every connection; nothing may be sent after. */
  close(): void {
    for (const connection of this.connections) {
      connection.close(closeCodes.goingAway, closeReasons[closeCodes.goingAway]);
    }
    this.#forget();
    this.sleep();
  }

  /** After a failed commit nothing in memory can be trusted: everyone comes back to a new Room. */
  #throwAway(): void {
    const everyone = [...this.connections];
    this.#forget();
    this.#room = undefined;
    this.#file.discard();
    // Last, for a link tells at once that it has ended.
    for (const connection of everyone) {
      connection.close(closeCodes.goingAway, closeReasons[closeCodes.goingAway]);
    }
  }

  #forget(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.connections.clear();
  }

  #open(): Room {
    try {
      return this.#make();
    } catch (error) {
      this.#log.failure('open', error);
      this.#file.discard();
      throw unavailable();
    }
  }

  #make(): Room {
    this.lives++;
    this.#meter?.woken();
    return new Room(
      this.#name.roomId,
      {
        sql: this.#file,
        clock: { now: () => Date.now() },
        ids: { make: () => crypto.randomUUID() },
        firstEpoch: this.#name.firstEpoch,
        wakeup: { set: (at) => this.#setWakeup(at) },
        timer: { after: (ms, work) => this.#after(ms, work) },
        roster: { connections: () => this.connections },
        log: this.#log,
        ...(this.#meter !== undefined && { meter: this.#meter }),
      },
      this.#limits,
    );
  }

  /** Asked for before what it is for is stored; taken back when the Room has been woken. */
  #setWakeup(at: number | undefined): void {
    this.wakeAt = at;
    if (at !== undefined) this.#onWakeup(at);
  }

  #after(ms: number, work: () => void): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#inTurn(() => {
        work();
        this.#onDue(this);
      });
    }, ms);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }
}
