import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { BlobStore } from '../src/files/blob-store.ts';
import { deleteFiles } from '../src/files/delete-files.ts';
import type { Carry } from '../src/host/courier.ts';
import type { LinkListener, RoomDirectory, RoomLink } from '../src/host/room-directory.ts';
import type { Reply, RequestName } from '../src/protocol/commands.ts';
import { internalProblem, Refusal } from '../src/protocol/codes/errors.ts';
import type { Identity } from '../src/protocol/identity.ts';
import type { Limits } from '../src/protocol/codes/limits.ts';
import type { Result } from '../src/protocol/frames.ts';
import type { HostLog } from '../src/observability/logger.ts';
import type { Room } from '../src/room/room.ts';
import { HostedFiles } from './hosted-files.ts';
import { NodeConnection, type Sink } from './node-connection.ts';
import { type NodeMeter, NodeRoom } from './node-room.ts';
import type { Durability } from './sqlite-file.ts';
import { firstEpochOf, storageIdOf } from './storage-id.ts';

export interface NodeRoomsOptions {
  dataDir: string;
  durability: Durability;
  maxOpenRooms: number;
  limits: Limits;
  log: HostLog;
  meter?: NodeMeter;
  /** Where the bytes of files are. */
  store?: BlobStore;
  /** How long a room stays open without work, in milliseconds. */
  idleMs?: number;
}

/** A connection and the room it leads to. */
export interface Attached {
  connection: NodeConnection;
  /** Does something in it with the next flush. */
  room: Pick<NodeRoom, 'queue'>;
  /** The client's end is gone. */
  depart: (reason: 'left' | 'disconnected') => void;
}

const IDLE_MS = 30_000;

/** Where a room's file lies; which room it is stands inside. */
export function roomPath(dataDir: string, roomId: string): string {
  const name = createHash('sha256').update(roomId).digest('hex');
  return join(dataDir, 'rooms', `${name}.sqlite`);
}

/** Deliveries to the store of files. */
function carrying(store: BlobStore | undefined, roomId: string): { carry?: Carry } {
  if (store === undefined) return {};
  return { carry: (_, deliveries) => deleteFiles(store, roomId, deliveries) };
}

/** Every room of this process. */
export class NodeRooms implements RoomDirectory {
  readonly #options: NodeRoomsOptions;
  readonly #files: HostedFiles<Room, NodeRoom>;

  constructor(options: NodeRoomsOptions) {
    this.#options = options;
    const { dataDir, durability, limits, log, meter } = options;
    const storageId = storageIdOf(dataDir);
    this.#files = new HostedFiles<Room, NodeRoom>({
      pathOf: (roomId) => roomPath(dataDir, roomId),
      wakeupsPath: join(dataDir, 'wakeups.sqlite'),
      durability,
      maxOpen: options.maxOpenRooms,
      idleMs: options.idleMs ?? IDLE_MS,
      host: { batchDelayMs: limits.batchDelayMs, log, meter },
      make: (roomId, parts) => {
        const firstEpoch = firstEpochOf(storageId, roomId);
        const host = { ...parts.host, ...carrying(options.store, roomId) };
        return new NodeRoom({ ...parts, host, roomId, firstEpoch, limits, meter });
      },
    });
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
    const room = this.#files.of(roomId);
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
      room,
      depart: (reason) => {
        if (!connection.hangUp() || !room.connections.has(connection)) return;
        log.event?.('debug', 'disconnected', { ...about, reason, code: connection.closedWith });
        room.queue((live) => {
          connection.ended();
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
    const { connection, room, depart } = await this.attach(roomId, identity, join, sink, silent);
    return {
      send: (command) => {
        if (connection.open) room.queue((live) => live.handle(connection, command));
      },
      renew: (renewed) => {
        if (connection.open) room.queue((live) => void live.renew(connection, renewed));
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
      return await this.#files.of(roomId).ask((room) => room.execute(identity, name, payload));
    } catch (error) {
      if (error instanceof Refusal) return { ok: false, error: error.problem };
      this.#options.log.failure(name, error);
      return { ok: false, error: internalProblem };
    }
  }

  get connectionCount(): number {
    let count = 0;
    for (const room of this.#files.all) count += room.connections.size;
    return count;
  }

  /** How many rooms are in memory. */
  get awakeCount(): number {
    return [...this.#files.all].filter((room) => room.isInMemory).length;
  }

  /** How many files are open. */
  get openCount(): number {
    return this.#files.openCount;
  }

  /** Stores what is due, then closes every connection with 4000. */
  close(): void {
    this.#files.close();
  }
}
