import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { BlobStore } from '../src/files/blob-store.ts';
import { type AskSweep, deleteFiles, SWEEPER } from '../src/files/delete-files.ts';
import type { LinkListener, RoomDirectory, RoomLink } from '../src/host/room-directory.ts';
import type { Reply, RequestName } from '../src/protocol/commands.ts';
import { internalProblem, Refusal, unavailable } from '../src/protocol/codes/errors.ts';
import type { Identity } from '../src/protocol/identity.ts';
import type { Limits } from '../src/protocol/codes/limits.ts';
import type { Result } from '../src/protocol/frames.ts';
import type { HostLog } from '../src/observability/logger.ts';
import { FILES_TARGET } from '../src/room/files/deliver.ts';
import { HOOK_TARGET } from '../src/room/hook/deliver.ts';
import type { Application } from '../src/room/application.ts';
import type { Room } from '../src/room/room.ts';
import { type BeforeMessage, executeWith } from '../src/hooks/before-message.ts';
import { pacedCarry } from '../src/hooks/paced-carry.ts';
import type { Carry } from '../src/host/courier.ts';
import type { HookEvent } from '../src/protocol/hook-requests.ts';
import { attach, type Attached, linkTo } from './attach.ts';
import { HostedFiles } from './hosted-files.ts';
import type { Sink } from './node-connection.ts';
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
  /** The store of files' bytes; without it no bytes are deleted. */
  store?: BlobStore;
  /** What the application adds to rooms; nothing unless given. */
  application?: Application;
  /** Carries deliveries to their targets; without it none are sent. */
  carry?: Carry;
  /** Gets the changes of rooms, for the outgoing webhook; absent without one. */
  hook?: RoomsHook | undefined;
  /** Asked before texts are stored; without it nothing is asked. */
  beforeMessage?: BeforeMessage | undefined;
  /** How long a room stays open without work, in milliseconds. */
  idleMs?: number;
}

/** The outgoing webhook, as rooms know it. */
export interface RoomsHook {
  eventsOf: (roomId: string) => ReadonlySet<HookEvent>;
  /** Takes a room's deliveries; resolves when they are stored. */
  enqueue(roomId: string, deliveries: readonly { key: string; body: string }[]): Promise<void>;
}

const IDLE_MS = 30_000;

/** The path of a room's file, whose name is a hash; the room's id is stored inside. */
export function roomPath(dataDir: string, roomId: string): string {
  const name = createHash('sha256').update(roomId).digest('hex');
  return join(dataDir, 'rooms', `${name}.sqlite`);
}

/** Carries a room's deliveries to the store of files and to the webhook, and all others with `carry`. */
function carrying(
  { store, carry, hook }: NodeRoomsOptions,
  roomId: string,
  ask: AskSweep,
): { carry?: Carry } {
  if (store === undefined && hook === undefined) return carry === undefined ? {} : { carry };
  const enqueueHook = hook && pacedCarry((deliveries) => hook.enqueue(roomId, deliveries));
  return {
    carry: async (target, deliveries) => {
      if (target === FILES_TARGET) {
        return store === undefined ? [] : deleteFiles(store, roomId, deliveries, ask);
      }
      const others = target === HOOK_TARGET ? enqueueHook : carry;
      return others === undefined ? [] : others(target, deliveries);
    },
  };
}

/** Every room of this process. */
export class NodeRooms implements RoomDirectory {
  readonly #options: NodeRoomsOptions;
  readonly #files: HostedFiles<Room, NodeRoom>;
  #isClosed = false;

  constructor(options: NodeRoomsOptions) {
    this.#options = options;
    const { dataDir, durability, limits, log, meter, carry } = options;
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
        const ask: AskSweep = (page) => this.execute(roomId, SWEEPER, 'sweepFiles', page);
        return new NodeRoom({
          ...parts,
          host: { ...parts.host, ...carrying(options, roomId, ask) },
          roomId,
          firstEpoch,
          limits,
          meter,
          hasInboxes: carry !== undefined,
          application: options.application ?? {},
          beforeMessage: options.beforeMessage,
          hookEvents: options.hook?.eventsOf(roomId) ?? new Set(),
        });
      },
    });
  }

  /**
   * Joins a connection to a room.
   * @throws Refusal when the room refuses it
   */
  async attach(
    roomId: string,
    identity: Identity,
    join: unknown,
    sink: Sink,
    silent = false,
  ): Promise<Attached> {
    return attach(this.#files.of(roomId), { identity, join, sink, silent }, this.#options, {
      room: roomId,
    });
  }

  async connect(
    roomId: string,
    identity: Identity,
    join: unknown,
    listener: LinkListener,
    silent = false,
  ): Promise<RoomLink> {
    return linkTo(listener, (sink) => this.attach(roomId, identity, join, sink, silent));
  }

  async execute<N extends RequestName>(
    roomId: string,
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<Reply<N>>> {
    try {
      return await executeWith(this.#options.beforeMessage, (verdict) => {
        // A question may still be open when the host stops.
        if (this.#isClosed) throw unavailable();
        return this.#files.of(roomId).ask((room) => room.execute(identity, name, payload, verdict));
      });
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
    this.#isClosed = true;
    this.#files.close();
  }
}
