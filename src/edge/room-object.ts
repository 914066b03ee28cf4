import { deleteFiles, SWEEPER } from '../files/delete-files.ts';
import type { Delivery, DeliveryOutcome } from '../host/ports.ts';
import { noteBackend } from '../observability/note-backend.ts';
import { Refusal } from '../protocol/codes/errors.ts';
import type { Reply, RequestName } from '../protocol/commands.ts';
import type { Result } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import { application } from '../app/current.ts';
import {
  BeforeMessage,
  beforeMessageEndpoint,
  executeWith,
  judgeOf,
} from '../hooks/before-message.ts';
import { outgoingHookOf } from '../hooks/outgoing.ts';
import { pacedCarry } from '../hooks/paced-carry.ts';
import type { OrderAnswer, OrderCall, RequestAnswer, RequestCall } from '../relay/exchange.ts';
import { RoomRelays } from '../relay/room-relays.ts';
import { Room } from '../room/room.ts';
import { FILES_TARGET } from '../room/files/deliver.ts';
import { HOOK_TARGET } from '../room/hook/deliver.ts';
import { INBOX_TARGET } from '../room/inbox-updates/evaluate.ts';
import { attachRelays, type StoredRelays } from './attach-relays.ts';
import type { Environment } from './environment.ts';
import type { ObjectPorts } from './hosting-object.ts';
import { R2BlobStore } from './r2-blob-store.ts';
import { relayName } from './relay-name.ts';
import { reportFailure } from './report-failure.ts';
import { SocketObject } from './socket-object.ts';
import { readUpgradeContext } from './upgrade-context.ts';

const STORED = 'relays';

/** One room in its Durable Object: adapts sockets and calls to the Room, and nothing else. */
export class RoomObject extends SocketObject<Room> {
  readonly #tellHook = pacedCarry((deliveries) =>
    this.env.HOOK.getByName(this.roomId).tell(deliveries.map(({ key, body }) => ({ key, body }))),
  );
  readonly #beforeMessage = this.#makeBeforeMessage();
  readonly #relays: RoomRelays;
  #room: Room | undefined;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    const { numbers = [], life = 0 } = ctx.storage.kv.get<StoredRelays>(STORED) ?? {};
    const stored = { life: life + 1, numbers };
    this.#relays = this.#makeRelays(stored.life);
    const { RELAY } = env;
    if (numbers.length === 0 || RELAY === undefined) return;
    ctx.storage.kv.put(STORED, stored);
    this.#useRelays();
    void ctx.blockConcurrencyWhile(() => attachRelays(this.#relays, RELAY, this.roomId, stored));
  }

  /** Takes an upgrade that the Worker has let through, or names a relay if the object is full. */
  override async fetch(request: Request): Promise<Response> {
    const isFull = this.connections.size >= this.settings.RELAY_ABOVE;
    if (!isFull || this.env.RELAY === undefined) return super.fetch(request);
    const { relays, full } = readUpgradeContext(request);
    return relays ? Response.json(this.#relays.place(full)) : super.fetch(request);
  }

  /** Takes requests of a relay. */
  relayed(call: RequestCall): Promise<RequestAnswer> {
    this.#useRelays();
    return this.hosted.ask((room) => this.#relays.request(room, call));
  }

  /** Executes a command for an identity that has not joined. Resolves with the result once it is stored. */
  async execute<N extends RequestName>(
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<Reply<N>>> {
    try {
      return await executeWith(this.#beforeMessage, (verdict) =>
        this.hosted.ask((room) => room.execute(identity, name, payload, verdict)),
      );
    } catch (error) {
      if (error instanceof Refusal) return { ok: false, error: error.problem };
      throw error;
    }
  }

  protected make(ports: ObjectPorts): Room {
    this.report.woken();
    const { firstEpoch, report: meter, connections } = this;
    const { groups } = this.#relays;
    const roster = { connections: connections.connections.bind(connections), groups };
    const hookEvents = outgoingHookOf(this.settings)?.eventsOf(this.roomId) ?? new Set();
    const judge = judgeOf(this.#beforeMessage, (id, answer) =>
      this.hosted.queue((room) => room.decided(id, answer)),
    );
    const host = { firstEpoch, roster, meter, hasInboxes: true, application, judge, hookEvents };
    this.#room = new Room(this.roomId, { ...host, ...ports }, this.limits);
    this.#relays.opened(this.#room);
    return this.#room;
  }

  protected override erased(): void {
    this.#relays.erased();
  }

  protected override closeAll(): void {
    this.#room = undefined;
    super.closeAll();
    this.#relays.closeAll();
  }

  /** Carries the room's deliveries to an inbox, the store of files, or the outgoing webhook. */
  protected override async carry(
    target: string,
    deliveries: readonly Delivery[],
  ): Promise<readonly DeliveryOutcome[]> {
    if (target === FILES_TARGET) return this.#deleteFiles(deliveries);
    if (target === HOOK_TARGET) return this.#tellHook(target, deliveries);
    if (!target.startsWith(INBOX_TARGET)) return [];
    const userId = target.slice(INBOX_TARGET.length);
    await this.env.INBOX.getByName(userId).take(
      deliveries.map(({ key: roomId, body }) => ({ roomId, body })),
    );
    return deliveries.map(() => 'delivered');
  }

  protected override get roomId(): string {
    return this.ctx.id.name ?? '';
  }

  #makeBeforeMessage(): BeforeMessage | undefined {
    if (beforeMessageEndpoint(this.settings) === undefined) return undefined;
    return new BeforeMessage(this.settings, {
      // Asks through another entrypoint: a request from here would keep the object awake.
      ask: (id, body) => this.ctx.exports.Backend.ask(id, body),
      now: () => Date.now(),
      meter: { asked: (...question) => this.report.asked(...question) },
      noted: noteBackend(this.log),
      failed: (failure) => void reportFailure(this.env, failure),
    });
  }

  /** From now on each flush calls the relays; a room without relays pays nothing. */
  #useRelays(): void {
    this.flushed ??= () => {
      if (this.#room !== undefined) this.#relays.flushed(this.#room);
    };
  }

  #makeRelays(life: number): RoomRelays {
    const { hosted, log, settings } = this;
    return new RoomRelays(life, settings.RELAY_CONNECTIONS, {
      clock: { now: () => Date.now() },
      log,
      timer: hosted,
      turn: (work) => hosted.queue(work),
      order: (relay, call, settle) => void this.#order(relay, call).then(settle),
      save: (numbers) => this.ctx.storage.kv.put<StoredRelays>(STORED, { life, numbers }),
    });
  }

  /** Never rejects: undefined if the relay did not answer. */
  async #order(relay: number, call: OrderCall): Promise<OrderAnswer | undefined> {
    try {
      return await this.env.RELAY?.getByName(relayName(this.roomId, relay)).order(call);
    } catch {
      return undefined;
    }
  }

  /** Deletes files; without a store the deliveries wait. */
  async #deleteFiles(deliveries: readonly Delivery[]): Promise<readonly DeliveryOutcome[]> {
    const { FILES } = this.env;
    if (FILES === undefined) return [];
    return deleteFiles(new R2BlobStore(FILES), this.roomId, deliveries, async (page) =>
      this.execute(SWEEPER, 'sweepFiles', page),
    );
  }
}
