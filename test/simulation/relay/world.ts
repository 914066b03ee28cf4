import assert from 'node:assert/strict';
import { serialize } from 'node:v8';
import { NodeConnection } from '../../../local-server/node-connection.ts';
import { SqliteFile } from '../../../local-server/sqlite-file.ts';
import type { Limits } from '../../../src/protocol/codes/limits.ts';
import type { Command } from '../../../src/protocol/frames.ts';
import type { RelayMark } from '../../../src/relay/received-orders.ts';
import { Relay } from '../../../src/relay/relay.ts';
import { RoomRelays } from '../../../src/relay/room-relays.ts';
import type { RequestAnswer, RequestCall } from '../../../src/relay/exchange.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import { Room } from '../../../src/room/room.ts';
import type { FakeSocket } from '../../unit/room/room-harness.ts';
import { countedId } from '../../support/counted-ids.ts';

/** A call under way: not performed yet, or performed with its answer on the way back. */
interface Call {
  /** The caller; an answer for an earlier life of it is dropped. */
  from: RoomHost | RelayHost;
  to: RoomHost | RelayHost;
  perform(): unknown;
  settle(answer: unknown): void;
  answer?: { value: unknown };
}

interface Timer {
  at: number;
  work(): void;
}

/** A room and its relays, their time, the network between them, and their storage. */
export class World {
  now = 1_700_000_000_000;
  readonly limits: Limits;
  readonly file: SqliteFile;
  readonly defects: unknown[] = [];
  readonly calls: Call[] = [];
  /** Size of the room's longest call to a relay, in bytes. */
  longestCall = 0;
  /** The same of calls from relays. */
  longestRequest = 0;
  readonly room: RoomHost;
  readonly relays: readonly RelayHost[];
  #made = 0;

  constructor(path: string, limits: Limits, relays: number) {
    this.limits = limits;
    this.file = new SqliteFile(path, 'process', () => undefined);
    this.relays = Array.from({ length: relays }, (_, at) => new RelayHost(this, at + 1));
    this.room = new RoomHost(this);
  }

  makeId(): string {
    return countedId(this.#made++);
  }

  readonly log = { failure: (_: string, error: unknown) => void this.defects.push(error) };

  send(from: Call['from'], to: Call['to'], perform: () => unknown, settle: (a: unknown) => void) {
    this.calls.push({ from, to, perform, settle });
  }

  /** Moves one call one way: performs it, or delivers its answer. */
  advance(at: number): void {
    const call = this.calls[at % Math.max(1, this.calls.length)];
    if (call === undefined) return;
    if (call.answer === undefined) call.answer = { value: call.perform() };
    else {
      this.calls.splice(this.calls.indexOf(call), 1);
      call.settle(call.answer.value);
    }
  }

  /** Breaks a call: its caller does not learn whether it was performed. */
  break(at: number): void {
    const [call] = this.calls.splice(at % Math.max(1, this.calls.length), 1);
    call?.settle(undefined);
  }

  /** Handles a host's loss of memory: its own calls vanish, and calls to it break. */
  lost(host: Call['from']): void {
    const mine = this.calls.filter(({ from, to }) => from === host || to === host);
    for (const call of mine) this.calls.splice(this.calls.indexOf(call), 1);
    for (const { from, settle } of mine) if (from !== host) settle(undefined);
  }

  pass(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const hosts = [this.room, ...this.relays];
      const next = hosts
        .flatMap((host) => host.timers.map((timer) => ({ host, timer })))
        .toSorted((a, b) => a.timer.at - b.timer.at)[0];
      if (next === undefined || next.timer.at > until) break;
      const { host, timer } = next;
      this.now = Math.max(this.now, timer.at);
      host.timers = host.timers.filter((other) => other !== timer);
      host.turn(() => timer.work());
    }
    this.now = until;
  }

  isQuiet(): boolean {
    return this.calls.length === 0;
  }

  /** Lets all calls arrive, then 60 ms pass, 20 times. @throws AssertionError if calls are still under way */
  comeToRest(): void {
    for (let round = 0; round < 20; round++) {
      while (!this.isQuiet()) this.advance(0);
      this.pass(60);
    }
    assert(this.isQuiet());
  }

  close(): void {
    this.room.abort();
    this.file.discard();
  }
}

/** What the hosts of rooms and relays share: time, ids and timers. */
abstract class Host {
  timers: Timer[] = [];
  protected readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  abstract turn(work: () => void): void;

  protected after(ms: number, work: () => void): () => void {
    const timer = { at: this.world.now + ms, work };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  protected get ports() {
    const { world } = this;
    return {
      clock: { now: () => world.now },
      ids: { make: () => world.makeId() },
      timer: { after: (ms: number, work: () => void) => this.after(ms, work) },
      log: world.log,
    };
  }
}

/** A room's object as the platform runs it: a turn's writes and calls are stored together. */
export class RoomHost extends Host {
  #room: Room | undefined;
  #relays: RoomRelays | undefined;
  #stored = { life: 0, numbers: [] as readonly number[] };
  #isInTurn = false;
  wakeAt: number | undefined;

  /** The number of calls from relays. */
  requests = 0;

  /** @returns undefined if the turn was lost */
  request(call: RequestCall, dies: boolean): RequestAnswer | undefined {
    let answer: RequestAnswer | undefined;
    this.requests++;
    this.#use();
    this.#work(() => {
      answer = this.#relays!.request(this.#room!, call);
    }, dies);
    return dies ? undefined : answer;
  }

  turn(work: () => void): void {
    this.#use();
    this.#work(work, false);
  }

  post(identity: Identity, payload: object): { ok: boolean } {
    let result: { ok: boolean } = { ok: false };
    this.turn(() => {
      result = this.#room!.execute(identity, 'message', payload);
    });
    return result;
  }

  get onlineCount(): number {
    this.#use();
    return this.#room!.relaying.onlineCount;
  }

  wake(): void {
    if (this.wakeAt === undefined || this.wakeAt > this.world.now) return;
    this.wakeAt = undefined;
    this.turn(() => this.#room!.wake());
  }

  abort(): void {
    this.#forget();
    this.world.lost(this);
  }

  sleep(): void {
    const isBusy = this.world.calls.some(({ from, to }) => from === this || to === this);
    if (!isBusy && this.timers.length === 0) this.#forget();
  }

  #forget(): void {
    this.timers = [];
    this.#room = undefined;
    this.#relays = undefined;
    this.world.file.discard();
  }

  #work(work: () => void, dies: boolean): void {
    if (this.#isInTurn) {
      work();
      return;
    }
    this.#isInTurn = true;
    work();
    this.#isInTurn = false;
    if (dies) {
      this.abort();
      return;
    }
    this.world.file.commit();
    this.#room!.flush();
    this.#relays!.flushed(this.#room!);
    this.world.file.commit();
  }

  #use(): void {
    if (this.#room !== undefined) return;
    const { world } = this;
    const life = this.#stored.life + 1;
    const { numbers } = this.#stored;
    this.#stored = { life, numbers };
    const relays = new RoomRelays(life, {
      ...this.ports,
      runInRoom: (work) => this.turn(() => work(this.#room!)),
      order: (relay, call, settle) => {
        world.longestCall = Math.max(world.longestCall, serialize(call).length);
        const host = world.relays[relay - 1]!;
        world.send(
          this,
          host,
          () => host.order(call),
          (answer) => {
            if (this.#relays === relays) settle(answer as never);
          },
        );
      },
      save: (saved) => {
        this.#stored = { life, numbers: saved };
      },
    });
    this.#relays = relays;
    for (const number of numbers) relays.attach(number, world.relays[number - 1]!.attach(life));
    this.#room = new Room(
      'harness',
      {
        ...this.ports,
        sql: world.file,
        firstEpoch: 'first',
        wakeup: {
          set: (at) => {
            this.wakeAt = at;
          },
        },
        roster: { connections: () => [], groups: relays.groups },
      },
      world.limits,
    );
    relays.opened(this.#room);
  }
}

/** A relay's object: it keeps its sockets while it sleeps, and loses them when it is aborted. */
export class RelayHost extends Host {
  readonly #number: number;
  #relay: Relay | undefined;
  #stored: { life: number; mark?: RelayMark } = { life: 0 };
  readonly #sockets = new Map<string, { connection: NodeConnection; end: RelayedSocket }>();
  readonly #opening = new Map<string, RelayedSocket>();

  constructor(world: World, number: number) {
    super(world);
    this.#number = number;
  }

  get size(): number {
    return this.#sockets.size;
  }

  open(identity: Identity, join: object, end: RelayedSocket): void {
    const id = this.world.makeId();
    const connection = this.#connection({ v: 1, id, identity, joined: false }, end);
    this.#opening.set(id, end);
    end.connection = connection;
    this.turn(() => this.#relay!.connect(connection, join));
  }

  handle(connection: NodeConnection, command: Command): void {
    this.turn(() =>
      this.#relay!.handle(this.#sockets.get(connection.state.id)!.connection, command),
    );
  }

  drop(connection: NodeConnection, reason: 'left' | 'disconnected'): void {
    const { id } = connection.state;
    const known = this.#sockets.get(id)?.connection;
    if (known === undefined) return;
    known.ended();
    this.#use();
    this.#sockets.delete(id);
    this.turn(() => this.#relay!.depart(known, reason));
  }

  order(call: Parameters<Relay['order']>[0]) {
    let answer: unknown;
    this.turn(() => {
      answer = this.#relay!.order(call);
    });
    return answer;
  }

  attach(room: number) {
    let answer: ReturnType<Relay['attach']> | undefined;
    this.turn(() => {
      answer = this.#relay!.attach(room);
    });
    return answer;
  }

  turn(work: () => void): void {
    this.#use();
    work();
    this.#relay?.flush();
  }

  abort(): void {
    this.timers = [];
    this.#relay = undefined;
    const ends = [...this.#opening.values(), ...[...this.#sockets.values()].map(({ end }) => end)];
    this.#sockets.clear();
    this.#opening.clear();
    for (const end of ends) end.closed(4000);
    this.world.lost(this);
  }

  sleep(): void {
    const isBusy = this.world.calls.some(({ from, to }) => from === this || to === this);
    if (isBusy || this.timers.length > 0 || this.#opening.size > 0) return;
    this.#relay = undefined;
    for (const [id, { connection, end }] of this.#sockets) {
      const state = JSON.parse(JSON.stringify(connection.state)) as NodeConnection['state'];
      end.connection = this.#connection(state, end);
      this.#sockets.set(id, { connection: end.connection, end });
    }
  }

  #use(): void {
    if (this.#relay !== undefined) return;
    const { world } = this;
    if (this.#sockets.size === 0) this.#stored = { life: this.#stored.life + 1 };
    const { life, mark } = this.#stored;
    const relay = new Relay({
      ...this.ports,
      life,
      mark,
      roster: {
        connections: () => [...this.#sockets.values()].map(({ connection }) => connection),
      },
      request: (call, settle) => {
        world.longestRequest = Math.max(world.longestRequest, serialize(call).length);
        world.send(
          this,
          world.room,
          () => world.room.request({ ...call, relay: this.#number }, false),
          (answer) => {
            if (this.#relay === relay) this.turn(() => settle(answer as never));
          },
        );
      },
      accept: (connection) => this.#accept(connection as NodeConnection),
      refuse: ({ state: { id } }) => {
        this.#opening.get(id)?.closed(4000);
        this.#opening.delete(id);
      },
      store: (saved) => {
        this.#stored = { life, mark: saved };
      },
    });
    this.#relay = relay;
  }

  #accept(connection: NodeConnection): void {
    const { id } = connection.state;
    const end = this.#opening.get(id);
    this.#opening.delete(id);
    if (end === undefined) return;
    this.#sockets.set(id, { connection, end });
    end.opened();
  }

  #connection(state: NodeConnection['state'], end: RelayedSocket): NodeConnection {
    return new NodeConnection(
      state,
      {
        frame: (frame) => end.hear(frame.text),
        close: (code) => {
          this.#sockets.delete(state.id);
          end.closed(code);
        },
        buffered: () => end.buffered,
        lastSeenAt: () => undefined,
      },
      this.world.limits,
    );
  }
}

/** A client's end of a socket to a relay. */
export interface RelayedSocket extends FakeSocket {
  connection: NodeConnection | undefined;
  opened(): void;
}
