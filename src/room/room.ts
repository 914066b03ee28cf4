import {
  type CloseCode,
  closeCodeOf,
  closeCodes,
  closeReasons,
} from '../protocol/codes/close-codes.ts';
import {
  assertCommandName,
  type OperationName,
  type Payload,
  readPayload,
  type Reply,
} from '../protocol/commands.ts';
import {
  internalProblem,
  invalidField,
  type Problem,
  Refusal,
  unavailable,
} from '../protocol/codes/errors.ts';
import type { LeaveReason } from '../protocol/events.ts';
import { GUEST_PREFIX, type Identity } from '../protocol/identity.ts';
import { fixed, type Limits } from '../protocol/codes/limits.ts';
import { ackLine, type Command, eventLine, type Result } from '../protocol/frames.ts';
import { assertPlain } from '../protocol/shape.ts';
import type { Context, Handler, Outcome, Actor, UpkeepContext } from './context.ts';
import { Database } from './storage/database.ts';
import { handlers } from './handlers.ts';
import { SlowConsumers } from './broadcast/slow-consumers.ts';
import { TokenExpiry } from './access/token-expiry.ts';
import { Outbox } from './broadcast/outbox.ts';
import type { Frame } from './broadcast/frame.ts';
import { counted } from './access/per-minute.ts';
import type { Connection, ConnectionState, Immediate, Ports } from './ports.ts';
import { Presence } from './presence/presence.ts';
import { RateLimits } from './access/rate-limits.ts';
import { Receipts } from './presence/receipts.ts';
import { renamed } from './access/renaming.ts';
import { assertAccess, assertOpen, type Access, accessOf } from './access/access.ts';
import { Audit } from './storage/audit.ts';
import { Erasures } from './storage/erasures.ts';
import { Members } from './storage/members.ts';
import { Mentions } from './storage/mentions.ts';
import { Messages } from './storage/messages.ts';
import { Reactions } from './storage/reactions.ts';
import { Records } from './storage/records.ts';
import { RoomRow } from './storage/room-row.ts';
import { isStorageTrouble } from './storage/storage-trouble.ts';
import { SearchIndex } from './storage/search-index.ts';
import { Typing } from './presence/typing.ts';
import { dueAt, upkeep } from './upkeep/upkeep.ts';

/**
 * What every door asks of a payload: plain JSON, not too deep, then the schema. Depth counts the
 * tuple that a payload stands in, at doors that have none too.
 */
export function readChecked<N extends OperationName>(
  name: N,
  payload: unknown,
  limits: Limits,
): Payload<N> {
  assertPlain(payload, limits.jsonDepth, 2);
  return readPayload(name, payload);
}

/** A connection that may be here no longer, and how it ends. */
interface Leaving {
  connection: Connection;
  code: CloseCode;
  reason: string;
  leave: LeaveReason;
}

/**
 * An outcome with all that doing it takes to know. What must be read for it is read before what was
 * decided stands: storage that fails then undoes it whole, and nothing is half done.
 */
interface Decided<R> extends Outcome<R> {
  leaving: readonly Leaving[];
  /** When to be woken next, where that may be another time now. */
  next?: { at: number | undefined };
}

/** The name of a connection that has one already, once a token names its user anew. */
function nameAfter(
  { state }: Connection,
  username: string | undefined,
): Pick<ConnectionState, 'name'> {
  return username !== undefined && state.name !== undefined ? { name: { username } } : {};
}

/** Commands somebody may give without having joined, over HTTP. */
export type RequestName = Exclude<OperationName, 'joinRoom' | 'leaveRoom' | 'typing'>;

/** Operations that need what was begun before them to be done. */
const tidyFirst: ReadonlySet<OperationName> = new Set(['reopenRoom', 'eraseUser']);

/** When a step of upkeep has failed it is tried again after this long, in milliseconds. */
const WAKE_AGAIN_MS = 600_000;

/**
 * One conversation. Synchronous from decoded command to outcome; what it decides waits in the
 * outbox until the host, having stored it, calls `flush`.
 */
export class Room {
  readonly #ports: Ports;
  readonly #limits: Limits;
  readonly #database: Database;
  readonly #outbox = new Outbox();
  readonly #rates: RateLimits;
  readonly #context: Omit<Context, 'actor' | 'access' | 'state' | 'now'>;
  readonly #receipts: Receipts;
  readonly #slowConsumers: SlowConsumers;
  readonly #tokenExpiry: TokenExpiry;
  /** What was decided last is to be followed by dropping all that is stored. */
  #erases = false;
  /** Whether the room forgets, as of the last command. */
  #hasRetention = false;
  /** Whether old messages are still to be indexed, as of the last command. */
  #isUnindexed = false;
  /** When joins were last told, and whether a timer is set to tell those that wait. */
  #joinsToldAt = -Infinity;
  #joinsWait = false;
  /** For when the wakeup is set; undefined also when that is not known. */
  #wakeAt: number | undefined;

  /** @throws NewerSchema where newer code has written the room */
  constructor(roomId: string, ports: Ports, limits: Limits) {
    const { clock, ids, timer, roster } = ports;
    this.#ports = ports;
    this.#limits = limits;
    this.#database = new Database(ports.sql);
    this.#rates = new RateLimits(limits, clock);
    const database = this.#database;
    const presence = new Presence(roomId, this.#outbox, clock, timer, roster);
    this.#receipts = new Receipts(roomId, this.#outbox, presence, timer);
    this.#slowConsumers = new SlowConsumers(roomId, this.#outbox, presence, timer, (connection) =>
      this.end(connection, closeCodes.tooSlow),
    );
    this.#context = {
      roomId,
      room: new RoomRow(database, ports, roomId),
      messages: new Messages(database, roomId),
      records: new Records(database),
      members: new Members(database),
      reactions: new Reactions(database),
      mentions: new Mentions(database),
      search: new SearchIndex(database),
      audit: new Audit(database),
      erasures: new Erasures(database),
      presence,
      typing: new Typing(clock),
      limits,
      ids,
    };
    this.#tokenExpiry = new TokenExpiry(clock, roster, (connection, code) =>
      this.end(connection, code),
    );
  }

  /**
   * Joins a connection that is not yet open to its client. Its first line will be `joined`.
   * @throws Refusal when the room does not take it; nothing has then happened
   */
  connect(connection: Connection, payload: unknown): void {
    this.#tokenExpiry.sweep();
    const { identity } = connection.state;
    this.#rates.charge(identity.userId, 'joinRoom');
    const outcome = this.#perform({ identity, connection }, { name: 'joinRoom', payload });
    this.#context.presence.opened(connection);
    this.#tokenExpiry.watch(connection);
    this.#post(connection, outcome, eventLine('joined', { ok: true, ...outcome.reply }));
  }

  /** Takes a command of a connection; the reply, or the refusal, comes through the outbox. */
  handle(connection: Connection, command: Command): void {
    this.#tokenExpiry.sweep();
    if (!connection.open || this.#outbox.isEnding(connection)) return;
    const { identity } = connection.state;
    try {
      this.#rates.charge(identity.userId, command.name);
      const outcome = this.#perform({ identity, connection }, command);
      const { ref } = command;
      const line = ref === undefined ? undefined : ackLine(ref, { ok: true, ...outcome.reply });
      this.#post(connection, outcome, line);
    } catch (error) {
      this.#refuse(connection, command, this.#problem(error, command.name));
    }
  }

  /**
   * Does a command for somebody who has not joined. The result may be shown once the host has stored
   * what was decided.
   */
  execute<N extends RequestName>(identity: Identity, name: N, payload: unknown): Result<Reply<N>> {
    this.#tokenExpiry.sweep();
    try {
      // Guests without a connection are new with every request; together they get one allowance.
      this.#rates.charge(identity.guest === true ? GUEST_PREFIX : identity.userId, name);
      if (tidyFirst.has(name)) this.#tidy();
      const outcome = this.#decide(name, { identity }, payload);
      this.#effect(outcome, undefined);
      return { ok: true, ...outcome.reply };
    } catch (error) {
      return { ok: false, error: this.#problem(error, name) };
    }
  }

  /**
   * Answers `refreshToken`, whose token a door has verified meanwhile.
   * @param verdict whom the token names, or why it does not hold
   */
  refresh(connection: Connection, { name, ref }: Command, verdict: Identity | Problem): void {
    if (!connection.open || this.#outbox.isEnding(connection)) return;
    try {
      if ('code' in verdict) throw new Refusal(verdict.code, verdict.message, verdict);
      const reply = this.renew(connection, verdict);
      if (ref !== undefined) this.#outbox.reply(connection, ackLine(ref, { ok: true, ...reply }));
    } catch (error) {
      const badTokens = counted(connection.state.badTokens, this.#ports.clock.now());
      connection.update({ badTokens });
      const command = ref === undefined ? { name, payload: {} } : { name, payload: {}, ref };
      this.#refuse(connection, command, this.#problem(error, name));
      if (badTokens.count >= fixed.badTokensPerMinute) {
        this.end(connection, closeCodes.unauthorized);
      }
    }
  }

  /** What a connection sent was no tuple: it is told so, and sent away when that goes on. */
  malformedFrame(connection: Connection, problem: Problem): void {
    const badFrames = counted(connection.state.badFrames, this.#ports.clock.now());
    connection.update({ badFrames });
    if (badFrames.count > fixed.badFramesPerMinute) {
      this.end(connection, closeCodes.protocolViolation);
      return;
    }
    this.#outbox.reply(
      connection,
      eventLine('error', { ...problem, roomId: this.#context.roomId }),
    );
  }

  /** A connection is gone, or goes: `left` for a deliberate end, `disconnected` for any other. */
  depart(connection: Connection, reason: LeaveReason): void {
    this.#depart(connection, reason);
    this.#outbox.drop(connection);
  }

  #depart(connection: Connection, reason: LeaveReason): void {
    this.#context.presence.ended(connection);
    if (!connection.state.joined) return;
    connection.update({ joined: false });
    if (connection.state.silent) return;
    this.#context.presence.leave(connection, reason);
    this.#forgetTyping(connection);
  }

  /** Closes a connection from this side, behind what is due to it. */
  end(
    connection: Connection,
    code: CloseCode,
    reason = closeReasons[code],
    leave: LeaveReason = 'disconnected',
  ): void {
    this.#outbox.end(connection, code, reason);
    this.#depart(connection, leave);
  }

  /**
   * Puts a newer token in the place of a connection's.
   * @throws Refusal `unauthorized` when it is somebody else's
   */
  renew(connection: Connection, identity: Identity): { expiresAt: number | undefined } {
    if (identity.userId !== connection.state.identity.userId) {
      throw new Refusal('unauthorized', 'The token is of another user.');
    }
    connection.update({ identity, ...nameAfter(connection, identity.name) });
    this.#tokenExpiry.watch(connection);
    this.#rename(connection);
    if (connection.state.joined) this.#disconnectAll(this.#revoked([connection]));
    return { expiresAt: identity.expiresAt };
  }

  /** Shows a user who is here under the name that a connection's token gives them, if that is new. */
  #rename(connection: Connection): void {
    const { presence } = this.#context;
    const { identity, silent } = connection.state;
    const { userId, name: username } = identity;
    const before = presence.nameOf(userId);
    if (username === undefined || before === undefined || silent) return;
    if (before.username === username && !before.unverified) return;
    try {
      this.#rates.charge(userId, 'refreshToken');
      const outcome = this.#stored('rename', () =>
        this.#foresee(renamed(this.#upkeepContext(), userId, { username })),
      );
      presence.rename(userId, { username });
      for (const other of presence.connectionsOf(userId)) {
        if (other.state.identity.name !== undefined) other.update(nameAfter(other, username));
      }
      this.#effect(outcome, connection);
    } catch (error) {
      // Storage fails, or names change too often: the user's next message brings the name.
      if (!(error instanceof Refusal)) this.#ports.log.failure('rename', error);
    }
  }

  /**
   * Does one bounded step of what is due, and asks to be woken for the next. Called by the host when
   * the wakeup comes; to call it at any other time does no harm.
   */
  wake(): void {
    try {
      this.#tidy();
      const outcome = this.#database.atomic<Decided<object>>(() =>
        this.#foresee({ ...upkeep(this.#upkeepContext()), wake: true }),
      );
      this.#effect(outcome, undefined);
    } catch (error) {
      this.#ports.log.failure('wakeup', error);
      this.#askToWake(this.#ports.clock.now() + WAKE_AGAIN_MS);
    }
  }

  #upkeepContext(): UpkeepContext {
    const state = this.#context.room.read();
    return { ...this.#context, state, now: this.#ports.clock.now() };
  }

  #askToWake(at: number | undefined): void {
    this.#wakeAt = at;
    this.#ports.wakeup.set(at);
  }

  /** Drops what deletions and erasures have left: neither can be done within a transaction. */
  #tidy(): void {
    const { room, erasures } = this.#context;
    if (room.read().deletion === 'marked') this.#database.erase(() => room.markErased());
    if (!erasures.hasTraces()) return;
    this.#database.reclaimSpace('traces');
    erasures.finish();
  }

  /** Hands out what is due. To be called when it is stored. @returns whether anything was */
  flush(): boolean {
    const isDue = this.#isDue;
    this.#handOut();
    if (this.#erases) this.#erase();
    return isDue;
  }

  #erase(): void {
    this.#erases = false;
    try {
      this.#tidy();
    } catch (error) {
      // The mark stays, and so does the wakeup.
      this.#ports.log.failure('erase', error);
    }
  }

  #handOut(): void {
    while (this.#isDue) {
      const hasTold = this.#outbox.flush(
        this.#ports.roster.connections(),
        (connection, frame) => this.#send(connection, frame),
        this.#joinsStay > 0,
      );
      if (hasTold) this.#joinsToldAt = this.#ports.clock.now();
      this.#ports.meter?.flushed();
    }
    if (!this.#outbox.isWaiting || this.#joinsWait) return;
    this.#joinsWait = true;
    this.#ports.timer.after(this.#joinsStay, () => {
      this.#joinsWait = false;
    });
  }

  get #isDue(): boolean {
    return !this.#outbox.isEmpty || (this.#outbox.isWaiting && this.#joinsStay <= 0);
  }

  /**
   * How much longer joins may stay behind, in milliseconds: when many come, those who are there hear
   * of them a few at a time, or with whatever else they hear.
   */
  get #joinsStay(): number {
    const agoMs = this.#ports.clock.now() - this.#joinsToldAt;
    return agoMs < 0 ? 0 : fixed.joinsEveryMs - agoMs;
  }

  #send(connection: Connection, frame: Frame): void {
    if (this.#tokenExpiry.hasExpired(connection)) this.end(connection, closeCodes.tokenExpired);
    else if (!connection.send(frame)) this.#slowConsumers.add(connection);
    this.#ports.meter?.sent(frame.lines.length);
    // Too slow, or gone: nobody may ever say that it has ended, when its client is stuck.
    if (!connection.open) this.depart(connection, 'disconnected');
  }

  #perform(actor: Actor, { name, payload }: Command): Decided<object> {
    assertCommandName(name);
    return this.#decide(name, actor, payload);
  }

  #decide<N extends OperationName>(name: N, actor: Actor, payload: unknown): Decided<Reply<N>> {
    const read = readChecked(name, payload, this.#limits);
    const { roomId } = this.#context;
    if (read.roomId !== undefined && read.roomId !== roomId) {
      throw invalidField('roomId', 'must be the room this connection is for');
    }
    if (name !== 'joinRoom' && actor.connection?.state.joined === false) {
      throw new Refusal('not_joined', 'Join the room first.');
    }
    const handler: Handler<N> = handlers[name];
    const outcome = this.#stored<Decided<Reply<N>>>(name, () => {
      const now = this.#ports.clock.now();
      const state = this.#context.room.read();
      const access = this.#access(actor.identity);
      this.#hasRetention = state.retentionDays !== null;
      this.#isUnindexed = state.unindexedTo > 0;
      if (name !== 'leaveRoom') {
        assertOpen(access, state, name);
        assertAccess(access, state, this.#limits, now);
      }
      return this.#foresee(handler({ ...this.#context, actor, access, state, now }, read));
    });
    const { missed } = outcome.reply as { missed?: readonly unknown[] };
    this.#ports.meter?.done(name, missed?.length);
    return outcome;
  }

  /** Runs `body` whole or not at all; a full disk is no defect but a refusal for now. */
  #stored<T>(name: string, body: () => Immediate<T>): T {
    try {
      return this.#database.atomic(body);
    } catch (error) {
      if (!isStorageTrouble(error)) throw error;
      this.#ports.log.failure(name, error);
      throw unavailable();
    }
  }

  #foresee<R>(outcome: Outcome<R>): Decided<R> {
    const { recheck, position, wake } = outcome;
    const { presence } = this.#context;
    const isOwed = this.#isUnindexed || (position !== undefined && this.#hasRetention);
    const isFirst = isOwed && this.#wakeAt === undefined;
    const concerned =
      recheck === undefined
        ? []
        : recheck === 'everyone'
          ? presence.joined()
          : presence.joinedOf(recheck.userId);
    return {
      ...outcome,
      leaving: this.#revoked(concerned),
      ...((wake === true || isFirst) && { next: { at: dueAt(this.#upkeepContext()) } }),
    };
  }

  #access(identity: Identity): Access {
    const { members, roomId } = this.#context;
    return accessOf(identity, roomId, members.find(identity.userId));
  }

  /** Those of the connections that may be here no longer. */
  #revoked(connections: readonly Connection[]): Leaving[] {
    if (connections.length === 0) return [];
    const state = this.#context.room.read();
    const now = this.#ports.clock.now();
    return connections.flatMap((connection) => {
      try {
        const access = this.#access(connection.state.identity);
        assertOpen(access, state);
        assertAccess(access, state, this.#limits, now);
        return [];
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const { code, message, retryAfterMs } = error.problem;
        const leave = code === 'banned' ? 'banned' : 'kicked';
        return [{ connection, code: closeCodeOf(code, retryAfterMs), reason: message, leave }];
      }
    });
  }

  #disconnectAll(leaving: readonly Leaving[]): void {
    for (const { connection, code, reason, leave } of leaving) {
      this.end(connection, code, reason, leave);
    }
  }

  #post(connection: Connection, outcome: Decided<object>, line: string | undefined): void {
    const { joined } = connection.state;
    const change = outcome.connection;
    if (change !== undefined) connection.update(change);
    const joins = change?.joined === true && !joined;
    const leaves = change?.joined === false && joined;
    if (leaves) this.#outbox.left(connection);
    if (line !== undefined) this.#outbox.reply(connection, line, outcome.position);
    if (joins) {
      this.#outbox.joined(connection);
      if (!connection.state.silent) this.#context.presence.arrive(connection);
      this.#rename(connection);
    }
    if (leaves) {
      this.#context.presence.leave(connection, 'left');
      this.#forgetTyping(connection);
    }
    if (change?.session !== undefined) this.#replace(connection, change.session);
    this.#effect(outcome, connection);
  }

  /**
   * A client has come back: what is left of its earlier connections ends. Something it sent on one
   * of them, and has perhaps sent again since, must not arrive later and be done.
   */
  #replace(connection: Connection, session: string): void {
    const { identity } = connection.state;
    for (const other of this.#context.presence.connectionsOf(identity.userId)) {
      if (other === connection || other.state.session !== session) continue;
      this.end(other, closeCodes.goingAway);
    }
  }

  /** What an outcome does beyond its reply. */
  #effect(outcome: Decided<object>, except: Connection | undefined): void {
    const { tell = [], position, receipt, unread, leaving, next } = outcome;
    if (receipt !== undefined) this.#receipts.add(receipt, except);
    if (unread !== undefined) this.#receipts.forget(unread.userId);
    this.#disconnectAll(leaving);
    for (const { name, payload } of tell) this.#outbox.tell(name, payload, { except, position });
    if (outcome.sendAway !== undefined) this.#sendAway(outcome.sendAway);
    if (outcome.erase === true) this.#erases = true;
    if (outcome.frees === true) this.#database.reclaimSpace('space');
    if (next !== undefined) this.#askToWake(next.at);
  }

  #sendAway({
    userId,
    code,
    reason = closeReasons[code],
  }: NonNullable<Outcome<object>['sendAway']>) {
    const leaving = [...this.#ports.roster.connections()].filter(
      ({ open, state }) => open && (userId ?? state.identity.userId) === state.identity.userId,
    );
    // All hear nothing more, before the first of them leaves: nobody is told of the others' going.
    for (const connection of leaving) this.#outbox.end(connection, code, reason);
    for (const connection of leaving) this.#depart(connection, 'kicked');
  }

  #refuse(connection: Connection, { name, payload, ref }: Command, problem: Problem): void {
    if (ref !== undefined) {
      this.#outbox.reply(connection, ackLine(ref, { ok: false, error: problem }));
      return;
    }
    const { id } = (payload ?? {}) as { id?: unknown };
    const about = {
      ...problem,
      command: name.slice(0, 64),
      roomId: this.#context.roomId,
      ...(typeof id === 'string' && { id: id.slice(0, 64) }),
    };
    this.#outbox.reply(connection, eventLine('error', about));
  }

  #problem(error: unknown, command: string): Problem {
    const isRefusal = error instanceof Refusal;
    const problem = isRefusal ? error.problem : internalProblem;
    this.#ports.meter?.refused(problem.code);
    if (!isRefusal) this.#ports.log.failure(command, error);
    return problem;
  }

  #forgetTyping(connection: Connection): void {
    const { userId } = connection.state.identity;
    if (!this.#context.presence.has(userId)) this.#context.typing.forget(userId);
  }
}
