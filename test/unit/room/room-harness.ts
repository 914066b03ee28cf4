import { NodeConnection, type Sink } from '../../../local-server/node-connection.ts';
import { SqliteFile } from '../../../local-server/sqlite-file.ts';
import {
  type CloseCode,
  closeCodes,
  closeReasons,
} from '../../../src/protocol/codes/close-codes.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import type { Limits } from '../../../src/protocol/codes/limits.ts';
import type { Command } from '../../../src/protocol/frames.ts';
import type { ConnectionState, Immediate, Ports, Sql, SqlValue } from '../../../src/room/ports.ts';
import type { RequestName } from '../../../src/protocol/commands.ts';
import { Room } from '../../../src/room/room.ts';
import type { Answer, Verdict } from '../../../src/room/verdict.ts';
import { countedId } from '../../support/counted-ids.ts';

/** A storage error that a test injected, so that it is not mistaken for a defect. */
export class StorageFault extends Error {}

/** A room's database in which the test can make one statement fail. */
export class FailingSql implements Sql {
  /** How many more statements succeed before one fails with a `StorageFault`. */
  failAfter = Infinity;
  /** The number of calls of `run`, failed ones included. */
  writes = 0;
  /** The number of statements and transactions, failed ones included. */
  statements = 0;
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  isEmpty(): boolean {
    this.#count();
    return this.#sql.isEmpty();
  }

  all<Row>(query: string, ...bindings: SqlValue[]): Row[] {
    this.#count();
    return this.#sql.all<Row>(query, ...bindings);
  }

  run(query: string, ...bindings: SqlValue[]): void {
    this.writes++;
    this.#count();
    this.#sql.run(query, ...bindings);
  }

  atomic<T>(body: () => Immediate<T>): T {
    this.#count();
    return this.#sql.atomic(body);
  }

  erase(found: () => void): void {
    this.#count();
    this.#sql.erase(found);
  }

  reclaimSpace(what: 'space' | 'traces'): void {
    this.#count();
    this.#sql.reclaimSpace(what);
  }

  #count(): void {
    this.statements++;
    if (this.failAfter-- > 0) return;
    this.failAfter = Infinity;
    throw new StorageFault('disk I/O error');
  }
}

/** A client's end of a connection. */
export interface FakeSocket {
  hear(text: string): void;
  closed(code: CloseCode): void;
  /** The bytes that the client has not read yet. */
  buffered: number;
}

/** One connection as the host holds it; a sleep replaces `connection` by one made from its state. */
export interface Plug {
  connection: NodeConnection;
  readonly end: FakeSocket;
}

/**
 * The real Room over a real file, with a clock, timers and a roster that the test moves. It does what
 * both hosts do, and can fail as both can.
 */
export class RoomHarness {
  /** The room's clock, in epoch milliseconds. */
  now = 1_700_000_000_000;
  readonly roomId = 'harness';
  readonly file: SqliteFile;
  readonly sql: FailingSql;
  /** Logged errors other than injected storage faults. */
  readonly defects: unknown[] = [];
  readonly #limits: Limits;
  readonly #plugs = new Set<Plug>();
  /** Connections whose end has not been reported to the room yet. */
  readonly #ended = new Map<Plug, 'left' | 'disconnected'>();
  /** Those of `#ended` that ended before the last sleep. */
  readonly #slept = new WeakSet<Plug>();
  #timers: { at: number; work: () => void }[] = [];
  /** The monotonic time that timers use, in milliseconds. */
  #elapsed = 0;
  #waiting: ((stored: boolean) => void)[] = [];
  #room: Room | undefined;
  #made = 0;
  /** When the host will wake the room, in epoch milliseconds: the soonest time the room asked for. */
  wakeAt: number | undefined;
  /** The wakeup that the room asked for last. */
  #wanted: number | undefined;
  /** How many times the room set or cleared its wakeup. */
  wakeupsSet = 0;
  /** How many times the Room was created. */
  lives = 0;
  readonly #ports: Partial<Ports>;

  /** @param ports replace the harness's own, or add such as a courier */
  constructor(path: string, limits: Limits, ports: Partial<Ports> = {}) {
    this.#ports = ports;
    this.file = new SqliteFile(path, 'process', () => undefined);
    this.sql = new FailingSql(this.file);
    this.#limits = limits;
  }

  get isAwake(): boolean {
    return this.#room !== undefined;
  }

  /** How many timers are set. */
  get timerCount(): number {
    return this.#timers.length;
  }

  /** @throws the error that keeps the room from waking, or the refusal of the join */
  connect(identity: Identity, join: object, end: FakeSocket): Plug {
    const state: ConnectionState = { v: 1, id: this.#makeId(), identity, joined: false };
    const plug = { connection: this.#connection(state, () => plug, end), end } as Plug;
    this.#use().connect(plug.connection, join);
    this.#plugs.add(plug);
    return plug;
  }

  /**
   * Gives the room a command as from a socket's frame.
   * @throws the error that keeps the room from waking
   */
  handle(plug: Plug, command: Command): void {
    this.#use().handle(plug.connection, command);
  }

  /** Gives the room the answer to one of its questions, in a turn of its own. */
  decided(id: string, answer: Answer): void {
    this.turn(() => this.#use().decided(id, answer));
  }

  /** Replaces a connection's identity by that of a newer, verified token. */
  renew(plug: Plug, identity: Identity): void {
    this.#use().renew(plug.connection, identity);
  }

  /** Sends a message as over HTTP; `answered` gets its result once it is stored. */
  post(identity: Identity, payload: object, answered: (result: unknown) => void): void {
    this.ask(identity, 'message', payload, answered);
  }

  /** Executes a command as over HTTP; `answered` gets its result once its changes are stored. */
  ask(
    identity: Identity,
    name: string,
    payload: object,
    answered: (result: unknown) => void = () => {},
    verdict?: Verdict,
  ): void {
    const result = this.#use().execute(identity, name as RequestName, payload, verdict);
    this.#waiting.push((stored) => stored && answered(result));
  }

  /** Ends the client's side of a connection; `tellEnds` reports that to the room. */
  drop(plug: Plug, reason: 'left' | 'disconnected'): void {
    plug.connection.ended();
    if (this.#plugs.has(plug)) this.#ended.set(plug, reason);
  }

  /** Reports ended connections to the room. */
  tellEnds(which: (plug: Plug) => boolean = () => true): void {
    for (const [plug, reason] of this.#ended) {
      if (!which(plug)) continue;
      const room = this.#use();
      this.#ended.delete(plug);
      room.depart(plug.connection, reason);
      this.#plugs.delete(plug);
    }
  }

  /** Wakes the room and flushes; if that throws, the wakeup stays set. */
  wake(): void {
    this.#use().wake();
    this.flush();
    this.wakeAt = this.#wanted;
  }

  /** Runs `work` in a turn of the room and flushes, as a host does when a result arrives. */
  turn(work: () => void): void {
    work();
    this.flush();
  }

  /** Commits and hands out what was decided; or the commit fails, and all connections are closed. */
  flush(commitFails = false): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (commitFails) this.#reset();
    else {
      this.file.commit();
      this.#room?.flush();
    }
    for (const answer of waiting) answer(!commitFails);
  }

  /** Lets time pass for the clock and for timers. */
  pass(ms: number): void {
    this.now += ms;
    this.#elapsed += ms;
    for (;;) {
      const due = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (due === undefined || due.at > this.#elapsed) return;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      due.work();
      this.flush();
    }
  }

  /**
   * Sleeps as a Durable Object does: timers run out first, sockets stay, and all memory is lost. A
   * connection's end wakes a room, so each end is reported at the second sleep at the latest.
   */
  sleep(): void {
    this.tellEnds((plug) => this.#slept.has(plug));
    this.flush();
    for (const plug of this.#ended.keys()) this.#slept.add(plug);
    while (this.#timers.length > 0) this.pass(1_000);
    this.#room = undefined;
    this.file.close();
    for (const plug of this.#plugs) {
      const state = JSON.parse(JSON.stringify(plug.connection.state)) as ConnectionState;
      const isOpen = plug.connection.open;
      plug.connection = this.#connection(state, () => plug, plug.end);
      if (!isOpen) plug.connection.ended();
    }
  }

  /** Crashes: everything uncommitted and all sockets are lost. */
  die(): void {
    const ends = [...this.#plugs].filter(({ connection }) => connection.open);
    this.#forget();
    for (const { end } of ends) end.closed(closeCodes.goingAway);
    for (const answer of this.#waiting.splice(0)) answer(false);
  }

  close(): void {
    this.#forget();
  }

  #reset(): void {
    for (const { connection } of this.#plugs) {
      connection.close(closeCodes.goingAway, closeReasons[closeCodes.goingAway]);
    }
    this.#forget();
  }

  #forget(): void {
    this.#plugs.clear();
    this.#ended.clear();
    this.#timers = [];
    this.#room = undefined;
    this.file.discard();
  }

  #use(): Room {
    if (this.#room !== undefined) return this.#room;
    this.#room = new Room(
      this.roomId,
      {
        sql: this.sql,
        clock: { now: () => this.now },
        ids: { make: () => this.#makeId() },
        firstEpoch: 'first',
        wakeup: { set: (at) => this.#setWakeup(at) },
        timer: { after: (ms, work) => this.#after(ms, work) },
        roster: { connections: () => [...this.#plugs].map(({ connection }) => connection) },
        log: {
          failure: (_, error) => {
            if (!(error instanceof StorageFault)) this.defects.push(error);
          },
        },
        ...this.#ports,
      },
      this.#limits,
    );
    this.lives++;
    return this.#room;
  }

  #setWakeup(at: number | undefined): void {
    this.#wanted = at;
    this.wakeupsSet++;
    if (at !== undefined) this.wakeAt = Math.min(this.wakeAt ?? Infinity, at);
  }

  #connection(state: ConnectionState, plug: () => Plug, end: FakeSocket): NodeConnection {
    const sink: Sink = {
      frame: (frame) => end.hear(frame.text),
      close: (code) => {
        // The socket reports its end to the host later.
        if (this.#plugs.has(plug())) this.#ended.set(plug(), 'disconnected');
        end.closed(code);
      },
      buffered: () => end.buffered,
      lastSeenAt: () => undefined,
    };
    return new NodeConnection(state, sink, this.#limits);
  }

  #after(ms: number, work: () => void): () => void {
    const timer = { at: this.#elapsed + ms, work };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  #makeId(): string {
    return countedId(this.#made++);
  }
}
