import { DurableObject } from 'cloudflare:workers';
import { authenticatorOf } from '../auth/authenticator.ts';
import { verifyRefresh } from '../auth/refresh.ts';
import { leaveReasonOf, receive } from '../transports/native/receive.ts';
import { refusalResponse } from '../transports/http/app.ts';
import { weightOf } from '../admission/inbound-limiter.ts';
import { FloodBans } from '../admission/flood-bans.ts';
import { closeCodes, closeReasons } from '../protocol/codes/close-codes.ts';
import type { Reply, RequestName } from '../protocol/commands.ts';
import { internalProblem, type Problem, Refusal, unavailable } from '../protocol/codes/errors.ts';
import type { Identity } from '../protocol/identity.ts';
import {
  type Command,
  readFrame,
  type Result,
  LINK_LIMITS,
  readIdentityUpdate,
} from '../protocol/frames.ts';
import { consoleLogger } from '../observability/console-logger.ts';
import { FlushScheduler } from '../host/flush-scheduler.ts';
import { Room } from '../room/room.ts';
import { exceedsBytes } from '../protocol/text.ts';
import { readSettings } from '../settings/settings.ts';
import { closeAnswer } from './close-answer.ts';
import type { Environment } from './environment.ts';
import { RoomReport } from './reports.ts';
import { readUpgradeContext, type UpgradeContext } from './upgrade-context.ts';
import { ObjectConnection } from './object-connection.ts';
import { ObjectSql } from './object-sql.ts';
import { ObjectWakeup } from './object-wakeup.ts';

/** A room that could not be opened is woken again after this long, in milliseconds. */
const WAKE_AGAIN_MS = 600_000;

/**
 * One room in its Durable Object: adapts sockets, calls and time to the Room, and nothing else.
 * Every handler is one synchronous turn; what it sends is held back by the output gate until what it
 * wrote is durable. Each turn that writes is a commit of its own, so what comes while a flush is
 * being gathered for, over sockets or as a call, waits for that flush: a busy room stores with one
 * commit what it then tells with one frame each.
 */
export class RoomObject extends DurableObject<Environment> {
  /** Tells one life of the object from the next. */
  readonly instance: string = crypto.randomUUID();
  readonly #connections = new Map<WebSocket, ObjectConnection>();
  readonly #settings = readSettings(this.env).settings;
  readonly #limits = this.#settings.limits;
  readonly #log = consoleLogger(this.#settings).about({ room: this.ctx.id.name });
  readonly #report = new RoomReport(this.#log);
  readonly #authenticate = authenticatorOf(this.#settings, false, this.#log);
  readonly #flushScheduler = new FlushScheduler(
    { now: () => Date.now() },
    this.#limits.batchDelayMs,
  );
  readonly #sentAway = new FloodBans();
  #flushTimer: ReturnType<typeof setTimeout> | undefined;
  #opened: Room | undefined;
  /** What is to be done for frames and calls, in the order they came. */
  #unheard: (() => void)[] = [];
  #unheardLength = 0;
  /** When the first of them came that no flush has followed yet, in epoch milliseconds. */
  #dueSince: number | undefined;

  constructor(state: DurableObjectState, env: Environment) {
    super(state, env);
    state.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    for (const socket of state.getWebSockets()) this.#connectionOf(socket);
  }

  /** An upgrade that the Worker has let through. */
  override fetch(request: Request): Response {
    this.#listen();
    const context = readUpgradeContext(request);
    const { 0: client, 1: server } = new WebSocketPair();
    const connection = this.#candidate(server, context);
    try {
      this.#sentAway.assertBack(context.identity.userId, Date.now());
      this.#room.connect(connection, context.join);
    } catch (error) {
      return this.#refuse(error);
    }
    this.ctx.acceptWebSocket(server);
    this.#connections.set(server, connection);
    connection.update({});
    this.#log.event('debug', 'connected', { connection: connection.state.id });
    this.#flush();
    return new Response(null, { status: 101, webSocket: client });
  }

  /**
   * Does a command for an identity that has not joined, with whatever else is stored next. The caller
   * hears of it when that is durable: the output gate holds back results, too.
   */
  execute<N extends RequestName>(
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<Reply<N>>> {
    return new Promise((resolve, reject) => {
      this.#await(0, () => {
        try {
          resolve(this.#room.execute(identity, name, payload));
        } catch (error) {
          if (error instanceof Refusal) resolve({ ok: false, error: error.problem });
          else reject(error);
        }
      });
    });
  }

  /** The room's wakeup. One that cannot be opened keeps it: the platform gives up after six tries. */
  override alarm(): void {
    this.#listen();
    try {
      this.#room.wake();
      this.#flush();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      void this.ctx.storage.setAlarm(Date.now() + WAKE_AGAIN_MS);
    }
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    const connection = this.#connectionOf(socket);
    if (this.#isFlooding(connection, data)) this.#sendAway(connection, data);
    if (!connection.open) return;
    connection.heard();
    const length = typeof data === 'string' ? data.length : data.byteLength;
    this.#await(length, () => {
      if (connection.open) this.#attempt((room) => this.#hear(room, connection, data));
    });
  }

  override webSocketClose(
    socket: WebSocket,
    code: number,
    reason: string,
    wasClean: boolean,
  ): void {
    const answer = closeAnswer(code, reason, wasClean);
    if (answer !== undefined) closeQuietly(socket, answer.code, answer.reason);
    this.#departed(socket, leaveReasonOf(code), code);
  }

  override webSocketError(socket: WebSocket): void {
    this.#departed(socket, 'disconnected', 1006);
  }

  /** A transport paces its links' clients itself. */
  #isFlooding({ state }: ObjectConnection, data: string | ArrayBuffer): boolean {
    if (state.end === 'link') return false;
    const weight = weightOf(data, this.#limits);
    return this.#sentAway.hear(state.identity.userId, Date.now(), weight, this.#limits);
  }

  /** A socket that is closed is still read, and each costs as much again: its user may not come back. */
  #sendAway(connection: ObjectConnection, data: string | ArrayBuffer): void {
    if (!connection.open) return;
    const { frameTooBig, protocolViolation } = closeCodes;
    const isTooBig = typeof data === 'string' && exceedsBytes(data, this.#limits.frameBytes);
    this.#listen();
    this.#attempt((room) => room.end(connection, isTooBig ? frameTooBig : protocolViolation));
    this.#flushNow();
  }

  /** Something is to be done with the next flush. @param length of what waits for it meanwhile */
  #await(length: number, work: () => void): void {
    this.#dueSince ??= Date.now();
    this.#unheard.push(work);
    this.#unheardLength += length;
    if (this.#unheardLength > this.#limits.unsentBytes) this.#flushNow();
    else this.#flush();
  }

  /** Lets the room hear what has come. To be called before anything else is done in it. */
  #listen(): void {
    const unheard = this.#unheard;
    this.#unheard = [];
    this.#unheardLength = 0;
    for (const work of unheard) work();
  }

  /** One frame that does harm must not be the end of all. */
  #hear(room: Room, connection: ObjectConnection, data: string | ArrayBuffer): void {
    try {
      this.#receive(room, connection, data);
    } catch (error) {
      this.#log.failure('message', error);
    }
  }

  #receive(room: Room, connection: ObjectConnection, data: string | ArrayBuffer): void {
    if (connection.state.end === 'link' && typeof data === 'string') {
      this.#receiveFromLink(room, connection, data);
      return;
    }
    receive(room, connection, data, this.#limits, (command) => {
      this.ctx.waitUntil(this.#refresh(connection, command));
    });
  }

  /** A transport has checked what it sends, and may speak of identities. */
  #receiveFromLink(room: Room, connection: ObjectConnection, data: string): void {
    const renewed = readIdentityUpdate(data);
    if (renewed !== undefined) {
      room.renew(connection, renewed);
      return;
    }
    for (const command of readFrame(data, LINK_LIMITS)) room.handle(connection, command);
  }

  /** Waits for the verdict outside the Room, then tells it in one turn. */
  async #refresh(connection: ObjectConnection, command: Command): Promise<void> {
    const verdict = await verifyRefresh(command.payload, this.#authenticate);
    this.#listen();
    this.#attempt((room) => room.refresh(connection, command, verdict));
    this.#flush();
  }

  #departed(socket: WebSocket, reason: 'left' | 'disconnected', code: number): void {
    this.#listen();
    const connection = this.#connectionOf(socket);
    this.#log.event('debug', 'disconnected', { connection: connection.state.id, code });
    connection.ended();
    this.#attempt((room) => {
      room.depart(connection, reason);
      this.#connections.delete(socket);
    });
    this.#flush();
  }

  get #room(): Room {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  /** Does something in the room; one that cannot be opened sends its clients away to come back. */
  #attempt(work: (room: Room) => void): void {
    try {
      work(this.#room);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      for (const connection of this.#connections.values()) {
        connection.close(closeCodes.goingAway, closeReasons[closeCodes.goingAway]);
      }
    }
  }

  /** @throws Refusal `unavailable` when it cannot be opened: written by newer code, or no storage */
  #open(): Room {
    try {
      return this.#make();
    } catch (error) {
      this.#log.failure('open', error);
      throw unavailable();
    }
  }

  #make(): Room {
    this.#report.woken();
    return new Room(
      this.ctx.id.name ?? '',
      {
        sql: new ObjectSql(this.ctx.storage),
        clock: { now: () => Date.now() },
        ids: { make: () => crypto.randomUUID() },
        firstEpoch: firstEpochOf(this.ctx.id),
        wakeup: new ObjectWakeup(this.ctx.storage),
        timer: { after: (ms, work) => this.#after(ms, work) },
        roster: { connections: () => this.#connections.values() },
        log: this.#log,
        meter: this.#report,
      },
      this.#limits,
    );
  }

  /** At once after quiet; in a busy room together with what comes soon. */
  #flush(): void {
    const delayMs = this.#flushScheduler.delayMs(this.#connections.size);
    if (delayMs > 0) {
      this.#flushTimer ??= setTimeout(() => this.#flushNow(), delayMs);
      return;
    }
    this.#flushNow();
  }

  #flushNow(): void {
    if (this.#flushTimer !== undefined) clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    const beganAt = Date.now();
    const dueSince = this.#dueSince ?? beganAt;
    this.#dueSince = undefined;
    this.#listen();
    if (this.#opened?.flush() === true) {
      this.#flushScheduler.flushes();
      // An object's clock stands still within a turn: the next one sees what this one took.
      setTimeout(() => this.#flushed(beganAt, dueSince), 0);
    } else {
      this.#report.write(this.#connections.size, beganAt);
    }
  }

  #flushed(beganAt: number, dueSince: number): void {
    const now = Date.now();
    this.#flushScheduler.flushed(now - beganAt);
    this.#report.waited(now - dueSince);
    this.#report.write(this.#connections.size, now);
  }

  #after(ms: number, work: () => void): () => void {
    const timer = setTimeout(() => {
      work();
      this.#flush();
    }, ms);
    return () => clearTimeout(timer);
  }

  #connectionOf(socket: WebSocket): ObjectConnection {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const connection = new ObjectConnection(socket, this.#platform);
    this.#connections.set(socket, connection);
    return connection;
  }

  #candidate(socket: WebSocket, { identity, end, silent }: UpgradeContext): ObjectConnection {
    return new ObjectConnection(socket, this.#platform, {
      v: 1,
      id: crypto.randomUUID(),
      identity,
      joined: false,
      ...(silent && { silent }),
      end,
      heardAt: Date.now(),
    });
  }

  readonly #platform = {
    limits: this.#limits,
    now: () => Date.now(),
    pingedAt: (socket: WebSocket) => this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime(),
  };

  #problemOf(error: unknown): Problem {
    const problem = error instanceof Refusal ? error.problem : internalProblem;
    this.#report.refused(problem.code);
    if (!(error instanceof Refusal)) this.#log.failure('connect', error);
    return problem;
  }

  #refuse(error: unknown): Response {
    const [body, status, headers] = refusalResponse(this.#problemOf(error));
    return Response.json(body, { status, headers });
  }
}

/** An object's id is made of a secret of its namespace and the room's name: the first half of its 64 digits will do. */
function firstEpochOf(id: DurableObjectId): string {
  return id.toString().slice(0, 32);
}

function closeQuietly(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    // It was closed from this side before.
  }
}
