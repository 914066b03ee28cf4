import { SWEEPER } from '../files/delete-files.ts';
import type { Carry } from '../host/courier.ts';
import { logBackendHealth } from '../observability/log-backend-health.ts';
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
import type { RequestAnswer, RequestCall } from '../relay/exchange.ts';
import type { RoomRelays } from '../relay/room-relays.ts';
import { Room } from '../room/room.ts';
import type { Environment } from './environment.ts';
import type { ObjectPorts } from './hosting-object.ts';
import { wakeRelays } from './object-relays.ts';
import type { Placement } from './relay-name.ts';
import { reportFailure } from './report-failure.ts';
import { roomCarrier } from './room-deliveries.ts';
import { SocketObject } from './socket-object.ts';
import { readUpgradeContext } from './upgrade-context.ts';

/** One room in its Durable Object: adapts sockets and calls to the Room, and nothing else. */
export class RoomObject extends SocketObject<Room> {
  readonly #carry = roomCarrier(this.env, this.roomId, async (page) =>
    this.execute(SWEEPER, 'sweepFiles', page),
  );
  readonly #beforeMessage = this.#makeBeforeMessage();
  readonly #relays: RoomRelays;
  #room: Room | undefined;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    const { relays, areUsed } = wakeRelays(ctx, env.RELAY, {
      roomId: this.roomId,
      log: this.log,
      timer: this.hosted,
      runInRoom: (work) => this.hosted.queue(work),
    });
    this.#relays = relays;
    if (areUsed) this.#useRelays();
  }

  /** Takes an upgrade that the Worker has let through, or names a relay if the object is full. */
  override async fetch(request: Request): Promise<Response> {
    const { RELAY_ABOVE, RELAY_CONNECTIONS } = this.settings;
    const isFull = this.connections.size >= RELAY_ABOVE;
    if (!isFull || this.env.RELAY === undefined) return super.fetch(request);
    const { relays, full } = readUpgradeContext(request);
    if (!relays) return super.fetch(request);
    return Response.json(this.#relays.place(RELAY_CONNECTIONS, full) satisfies Placement);
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

  protected override carry(...attempt: Parameters<Carry>): ReturnType<Carry> {
    return this.#carry(...attempt);
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
      onHealthChange: logBackendHealth(this.log),
      failed: (failure) => void reportFailure(this.env, failure),
    });
  }

  /** From now on each flush calls the relays; a room without relays pays nothing. */
  #useRelays(): void {
    this.flushed ??= () => {
      if (this.#room !== undefined) this.#relays.flushed(this.#room);
    };
  }
}
