import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { LinkListener, RoomDirectory, RoomLink } from '../src/host/room-directory.ts';
import type { Reply, RequestName } from '../src/protocol/commands.ts';
import { internalProblem, Refusal } from '../src/protocol/codes/errors.ts';
import type { Identity } from '../src/protocol/identity.ts';
import type { Limits } from '../src/protocol/codes/limits.ts';
import type { Result } from '../src/protocol/frames.ts';
import type { HostLog } from '../src/observability/logger.ts';
import type { Room } from '../src/room/room.ts';
import { NodeConnection, type Sink } from './node-connection.ts';
import { type NodeMeter, NodeRoom } from './node-room.ts';
import { type Durability, SqliteFile } from './sqlite-file.ts';
import { firstEpochOf, storageIdOf } from './storage-id.ts';
import { Wakeups } from './wakeups.ts';

export interface NodeRoomsOptions {
  dataDir: string;
  durability: Durability;
  maxOpenRooms: number;
  limits: Limits;
  log: HostLog;
  meter?: NodeMeter;
  /** How long a room stays open without work, in milliseconds. */
  idleMs?: number;
}

/** A connection and the room it leads to. */
export interface Attached {
  connection: NodeConnection;
  /** Does something in the Room with the next flush. */
  use: (work: (room: Room) => void) => void;
  /** The client's end is gone. */
  depart: (reason: 'left' | 'disconnected') => void;
}

const IDLE_MS = 30_000;

/** Where a room's file lies; which room it is stands inside. */
export function roomPath(dataDir: string, roomId: string): string {
  const name = createHash('sha256').update(roomId).digest('hex');
  return join(dataDir, 'rooms', `${name}.sqlite`);
}

/** Every room of this process: opened on first use, flushed on one shared tick, closed when idle. */
export class NodeRooms implements RoomDirectory {
  readonly #options: NodeRoomsOptions;
  readonly #rooms = new Map<string, NodeRoom>();
  readonly #due = new Set<NodeRoom>();
  /** Those whose file is open. */
  readonly #open = new Set<NodeRoom>();
  readonly #idleTimer: NodeJS.Timeout;
  readonly #wakeups: Wakeups;
  readonly #storageId: string;
  #tick: NodeJS.Immediate | undefined;
  #laterTick: NodeJS.Timeout | undefined;

  readonly #schedule = (room: NodeRoom): void => {
    this.#due.add(room);
    this.#tick ??= setImmediate(() => {
      this.#tick = undefined;
      this.#flushDue();
    });
  };

  constructor(options: NodeRoomsOptions) {
    this.#options = options;
    const { dataDir, durability, log } = options;
    this.#storageId = storageIdOf(dataDir);
    const path = join(dataDir, 'wakeups.sqlite');
    this.#wakeups = new Wakeups({ path, durability, log, wake: (roomId) => this.#wake(roomId) });
    const idleMs = options.idleMs ?? IDLE_MS;
    this.#idleTimer = setInterval(() => this.#closeIdle(idleMs), idleMs / 3);
    this.#idleTimer.unref();
  }

  /**
   * Joins a connection to a room.
   * @throws Refusal when the room does not take it
   */
  async attach(
    roomId: string,
    identity: Identity,
    join: unknown,
    sink: Sink,
    silent = false,
  ): Promise<Attached> {
    const room = this.#roomOf(roomId);
    const connection = new NodeConnection(
      {
        v: 1,
        // A UUID is a string of fifteen pieces, half a KiB for as long as the connection is there.
        id: randomBytes(12).toString('base64url'),
        identity,
        joined: false,
        ...(silent && { silent: true as const }),
      },
      sink,
      this.#options.limits,
    );
    await this.#admit(room, roomId, connection, join);
    const { log } = this.#options;
    const about = { room: roomId, connection: connection.state.id };
    log.event?.('debug', 'connected', about);
    return {
      connection,
      use: (work) => room.queue(work),
      depart: (reason) => {
        if (!room.connections.has(connection)) return;
        log.event?.('debug', 'disconnected', { ...about, reason, code: connection.closedWith });
        connection.ended();
        room.queue((live) => {
          live.depart(connection, reason);
          room.connections.delete(connection);
        });
      },
    };
  }

  async #admit(
    room: NodeRoom,
    roomId: string,
    connection: NodeConnection,
    join: unknown,
  ): Promise<void> {
    try {
      await room.run((live) => {
        live.connect(connection, join);
        room.connections.add(connection);
      });
    } catch (error) {
      if (error instanceof Refusal) {
        const { code } = error;
        this.#options.meter?.refused(code);
        this.#options.log.event?.('debug', 'refused', { room: roomId, code });
      }
      throw error;
    }
  }

  async connect(
    roomId: string,
    identity: Identity,
    join: unknown,
    listener: LinkListener,
    silent = false,
  ): Promise<RoomLink> {
    const sink: Sink = {
      frame: (frame) => listener.lines(frame.lines, frame.position),
      close: (code, reason) => {
        listener.closed(code, reason);
        depart('disconnected');
      },
      buffered: () => listener.buffered() ?? 0,
      lastHeardAt: () => undefined,
    };
    const { connection, use, depart } = await this.attach(roomId, identity, join, sink, silent);
    return {
      send: (command) => {
        if (connection.open) use((room) => room.handle(connection, command));
      },
      renew: (renewed) => {
        if (connection.open) use((room) => void room.renew(connection, renewed));
      },
      close: depart,
    };
  }

  async execute<N extends RequestName>(
    roomId: string,
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<Reply<N>>> {
    try {
      return await this.#roomOf(roomId).ask((room) => room.execute(identity, name, payload));
    } catch (error) {
      if (error instanceof Refusal) return { ok: false, error: error.problem };
      this.#options.log.failure(name, error);
      return { ok: false, error: internalProblem };
    }
  }

  get connectionCount(): number {
    let count = 0;
    for (const room of this.#rooms.values()) count += room.connections.size;
    return count;
  }

  /** How many rooms are in memory. */
  get awakeCount(): number {
    return [...this.#rooms.values()].filter((room) => room.isInMemory).length;
  }

  /** How many files are open. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Stores what is due, then closes every connection with 4000. */
  close(): void {
    clearInterval(this.#idleTimer);
    clearImmediate(this.#tick);
    clearTimeout(this.#laterTick);
    for (const room of this.#rooms.values()) room.close();
    this.#rooms.clear();
    this.#wakeups.close();
  }

  #roomOf(roomId: string): NodeRoom {
    const known = this.#rooms.get(roomId);
    if (known !== undefined) return known;
    const { dataDir, durability, limits, log, meter } = this.#options;
    const file = new SqliteFile(
      roomPath(dataDir, roomId),
      durability,
      () => this.#opens(room),
      () => this.#open.delete(room),
    );
    const room: NodeRoom = new NodeRoom({
      roomId,
      firstEpoch: firstEpochOf(this.#storageId, roomId),
      file,
      limits,
      log,
      meter,
      onDue: this.#schedule,
      onWakeup: (at) => this.#wakeups.ask(roomId, at),
    });
    this.#rooms.set(roomId, room);
    return room;
  }

  async #wake(roomId: string): Promise<number | undefined> {
    const room = this.#roomOf(roomId);
    await room.ask((live) => live.wake());
    return room.wakeAt;
  }

  /** Flushes the rooms whose time has come; a busy one may wait a little for more. */
  #flushDue(): void {
    let soonestMs = Infinity;
    const ready: NodeRoom[] = [];
    for (const room of this.#due) {
      const delayMs = room.flushDelayMs;
      if (delayMs > 0) soonestMs = Math.min(soonestMs, delayMs);
      else ready.push(room);
    }
    // To wait for the disk is the shortest way when nobody else has use for it or for the process.
    let isAlone = ready.length === 1;
    for (const room of this.#open) isAlone &&= !room.isCommitting;
    for (const room of ready) {
      this.#due.delete(room);
      room.flush(isAlone);
    }
    clearTimeout(this.#laterTick);
    if (soonestMs < Infinity) this.#laterTick = setTimeout(() => this.#flushDue(), soonestMs);
  }

  /** Before one more file is opened, the one that was not needed for longest is let go. */
  #opens(room: NodeRoom): void {
    if (this.#open.size >= this.#options.maxOpenRooms) this.#makePlace();
    this.#open.add(room);
  }

  #makePlace(): void {
    const open = [...this.#open];
    const free = open.filter((room) => !room.isCommitting);
    const oldest = (free.length > 0 ? free : open).toSorted((a, b) => a.usedAt - b.usedAt)[0];
    if (oldest === undefined) return;
    oldest.settle();
    this.#due.delete(oldest);
    oldest.closeFile();
  }

  #closeIdle(idleMs: number): void {
    const before = Date.now() - idleMs;
    for (const [roomId, room] of this.#rooms) {
      if (room.usedAt > before || !room.isIdle || this.#due.has(room)) continue;
      room.sleep();
      if (room.connections.size === 0) this.#rooms.delete(roomId);
    }
  }
}
