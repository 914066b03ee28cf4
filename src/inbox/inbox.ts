import { type CloseCode, closeCodes, closeReasons } from '../protocol/codes/close-codes.ts';
import { type Problem, Refusal, refusalOf } from '../protocol/codes/errors.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import type { LeaveReason } from '../protocol/events.ts';
import { ackLine, type Command, eventLine, type Result } from '../protocol/frames.ts';
import { costFor, type Identity } from '../protocol/identity.ts';
import {
  assertInboxCommand,
  type InboxCommandName,
  inboxCost,
  type InboxReply,
} from '../protocol/inbox-commands.ts';
import type { ConversationState, Totals } from '../protocol/inbox-objects.ts';
import { commandRate, RateLimits } from '../room/access/rate-limits.ts';
import { TokenExpiry } from '../room/access/token-expiry.ts';
import type { Frame } from '../room/broadcast/frame.ts';
import { Outbox } from '../room/broadcast/outbox.ts';
import { Refusals } from '../room/broadcast/refusals.ts';
import type { Connection } from '../room/ports.ts';
import { Connections } from '../room/presence/connections.ts';
import { Database } from '../room/storage/database.ts';
import { admissionOf } from './admission.ts';
import { InboxEvents } from './events.ts';
import { InboxPipeline, type Outcome } from './pipeline.ts';
import type { DirectMessages, InboxPorts } from './ports.ts';
import { type Noticed, Pushes } from './pushes.ts';
import { inboxMigrations } from './storage/migrations.ts';
import { type InboxStores, inboxStoresOf } from './storage/stores.ts';

/** How long after a failed wakeup the next one is set, in milliseconds. */
const RETRY_MS = 600_000;

/** The settings of inboxes; `limits` are those of rooms. */
export interface InboxSettings {
  limits: Limits;
  directMessages: DirectMessages;
  /** Whether notifications are pushed to an address; absent where none are pushed at all. */
  acceptsPush?: ((endpoint: string) => boolean) | undefined;
  /** Whether the outgoing webhook gets the notifications of a room; absent where it gets none. */
  notifiesHook?: ((roomId: string) => boolean) | undefined;
}

/**
 * The inboxes of one database: of one user at the edge, of many on Node. As in a room, a command runs
 * synchronously, and lines wait in the outbox until its changes are durable. Rooms are asked outside
 * the transaction; their answers arrive in a later turn.
 */
export class Inbox {
  readonly #ports: InboxPorts;
  readonly #settings: InboxSettings;
  readonly #stores: InboxStores;
  readonly #connections: Connections;
  readonly #outbox: Outbox;
  readonly #events: InboxEvents;
  readonly #refusals: Refusals;
  readonly #rates: RateLimits;
  readonly #tokenExpiry: TokenExpiry;
  readonly #pushes: Pushes;
  readonly #pipeline: InboxPipeline;
  #sentFrames = 0;
  #sentLines = 0;

  /** @throws NewerSchema where newer code has written the database */
  constructor(ports: InboxPorts, settings: InboxSettings) {
    const { clock, roster } = ports;
    const { limits } = settings;
    this.#ports = ports;
    this.#settings = settings;
    const database = new Database(ports.sql, inboxMigrations);
    this.#stores = inboxStoresOf(database, ports);
    this.#connections = new Connections(roster);
    this.#outbox = new Outbox(this.#connections);
    this.#events = new InboxEvents(this.#stores, this.#outbox, this.#connections, limits);
    this.#refusals = new Refusals(undefined, ports, this.#outbox, {
      disconnect: (connections, code) => {
        for (const connection of connections) this.end(connection, code);
      },
    });
    this.#rates = new RateLimits(commandRate(limits), clock);
    this.#tokenExpiry = new TokenExpiry(clock, roster, (connection, code) =>
      this.end(connection, code),
    );
    const { directMessages, acceptsPush, notifiesHook } = settings;
    const parts = { stores: this.#stores, database, limits, connections: this.#connections };
    const isPushing = acceptsPush !== undefined;
    this.#pushes = new Pushes({ ...parts, isPushing, notifiesHook }, ports);
    const more = { events: this.#events, directMessages, acceptsPush, pushes: this.#pushes };
    this.#pipeline = new InboxPipeline({ ...parts, ...more }, ports);
  }

  /**
   * Opens the inbox for a connection that is not yet open to its client. Its first line will be
   * `inbox`, possibly in a later turn.
   * @throws Refusal when the inbox refuses it; nothing has changed then
   */
  connect(connection: Connection, payload: unknown): void {
    const { identity } = connection.state;
    this.#tokenExpiry.sweep();
    this.#charge(identity, 'openInbox');
    assertMayConnect(this.#connections, this.#settings.limits, identity.userId);
    let isFirst = true;
    this.#connections.add(connection);
    const done = (outcome: Outcome<InboxReply<'openInbox'>>) => {
      isFirst = false;
      this.#opened(connection, outcome);
    };
    try {
      this.#pipeline.run('openInbox', { identity, connection }, payload, done);
    } catch (error) {
      if (isFirst) this.#connections.remove(connection);
      throw error;
    }
    this.#tokenExpiry.watch(connection);
  }

  /** Runs a connection's command; the reply, or the refusal, is sent through the outbox. */
  handle(connection: Connection, command: Command): void {
    this.#tokenExpiry.sweep();
    if (!this.#isReachable(connection)) return;
    const { name, payload, ref } = command;
    const { identity } = connection.state;
    const refuse = (error: unknown) => this.#refusals.refuse(connection, command, error);
    try {
      this.#charge(identity, name);
      assertInboxCommand(name);
      this.#pipeline.run(name, { identity, connection }, payload, (outcome) => {
        if (!this.#isReachable(connection)) return;
        if ('error' in outcome) {
          refuse(outcome.error);
          return;
        }
        if (ref !== undefined) {
          const result = { ok: true as const, ...outcome.reply };
          this.#outbox.reply(connection, ackLine(ref, result), outcome.position);
        }
        this.#events.broadcast(outcome.changes, connection);
      });
    } catch (error) {
      refuse(error);
    }
  }

  /**
   * Runs a command for an identity without a connection. `answer` is called once, possibly in a later
   * turn; the result may be sent once the changes are durable.
   */
  execute<N extends InboxCommandName>(
    identity: Identity,
    name: N,
    payload: unknown,
    answer: (result: Result<InboxReply<N>>) => void,
  ): void {
    this.#tokenExpiry.sweep();
    const refuse = (error: unknown) =>
      answer({ ok: false, error: this.#refusals.problemOf(error, name) });
    try {
      this.#charge(identity, name);
      this.#pipeline.run(name, { identity }, payload, (outcome) => {
        if ('error' in outcome) {
          refuse(outcome.error);
          return;
        }
        this.#events.broadcast(outcome.changes, undefined);
        answer({ ok: true, ...outcome.reply });
      });
    } catch (error) {
      refuse(error);
    }
  }

  /** Takes states that rooms send about a user. @throws Refusal `unavailable` when storage fails */
  take(userId: string, updates: readonly { roomId: string; state: ConversationState }[]): void {
    this.#tokenExpiry.sweep();
    this.#pipeline.take(userId, updates);
  }

  /** A push that shows this message was delivered. */
  pushed(userId: string, roomId: string, shown: Noticed): void {
    this.#pipeline.commit('push', () => this.#pushes.pushed(userId, roomId, shown));
  }

  /** The push service no longer knows a subscription. */
  dropSubscription(id: string): void {
    const found = this.#stores.subscriptions.find(id);
    if (found !== undefined) this.#pipeline.commit('push', () => this.#pushes.drop(found));
  }

  /** Answers another user's inbox: whether `from` may open a direct room with `userId`. */
  admitDirect(userId: string, from: string, rooms: readonly string[]): Result {
    return {
      ok: true,
      ...admissionOf(this.#stores, this.#settings.directMessages, userId, from, rooms),
    };
  }

  /** Answers `refreshToken` once a transport has verified its token. */
  refresh(connection: Connection, command: Command, verdict: Identity | Problem): void {
    if (!this.#isReachable(connection)) return;
    try {
      if ('code' in verdict) throw refusalOf(verdict);
      const reply = this.renew(connection, verdict);
      if (command.ref === undefined) return;
      this.#outbox.reply(connection, ackLine(command.ref, { ok: true, ...reply }));
    } catch (error) {
      this.#refusals.refuseToken(connection, command, error);
    }
  }

  /**
   * Replaces a connection's identity by that of a newer token.
   * @throws Refusal when it is another user's
   */
  renew(connection: Connection, identity: Identity): { expiresAt: number | undefined } {
    if (identity.userId !== connection.state.identity.userId) {
      throw new Refusal('unauthorized', 'The token is of another user.');
    }
    connection.update({ identity });
    this.#tokenExpiry.watch(connection);
    return { expiresAt: identity.expiresAt };
  }

  /** Answers a malformed frame, and disconnects a client that keeps sending such frames. */
  malformedFrame(connection: Connection, problem: Problem): void {
    if (this.#isReachable(connection)) this.#refusals.malformedFrame(connection, problem);
  }

  /** A connection is gone. */
  depart(connection: Connection, _reason: LeaveReason): void {
    this.#connections.remove(connection);
    this.#outbox.drop(connection);
    this.#events.forget(connection);
  }

  /** Closes a connection from this side, after the lines that wait for it. */
  end(connection: Connection, code: CloseCode, reason = closeReasons[code]): void {
    this.#outbox.end(connection, code, reason);
    this.#connections.remove(connection);
    this.#events.forget(connection);
    connection.update({ joined: false });
  }

  /** Takes up notices and deliveries that are due, and sets the next wakeup; may be called at any time. */
  wake(): void {
    this.#tokenExpiry.sweep();
    try {
      this.#pushes.wake();
    } catch (error) {
      this.#ports.log.failure('wakeup', error);
      this.#ports.wakeup.set(this.#ports.clock.now() + RETRY_MS);
    }
  }

  /**
   * Hands out the lines that wait. Call it when their changes are durable.
   * @returns whether there were any
   */
  flush(): boolean {
    let hasHandedOut = false;
    while (this.#outbox.flush(this.#ports.roster.connections(), this.#send, false).wasDue) {
      hasHandedOut = true;
      this.#ports.meter?.flushed(this.#sentFrames, this.#sentLines);
      this.#sentFrames = 0;
      this.#sentLines = 0;
    }
    this.#pushes.dispatch();
    return hasHandedOut;
  }

  readonly #send = (connection: Connection, frame: Frame): void => {
    if (this.#tokenExpiry.hasExpired(connection)) this.end(connection, closeCodes.tokenExpired);
    else connection.send(frame);
    this.#sentFrames++;
    this.#sentLines += frame.lines.length;
    if (!connection.open) this.depart(connection, 'disconnected');
  };

  #opened(connection: Connection, outcome: Outcome<InboxReply<'openInbox'>>): void {
    if (!connection.open) return;
    if ('error' in outcome) {
      const error = this.#refusals.problemOf(outcome.error, 'openInbox');
      this.#outbox.reply(connection, eventLine('inbox', { ok: false, error }));
      this.end(connection, closeCodes.goingAway);
      return;
    }
    const { reply } = outcome;
    this.#outbox.reply(connection, eventLine('inbox', { ok: true, ...reply }), reply.position);
    connection.update({ joined: true });
    this.#outbox.joined(connection);
    this.#events.recordTotals(connection, reply.totals satisfies Totals);
  }

  /** @throws Refusal `forbidden` for a guest, who has no inbox, and `rate_limited` */
  #charge(identity: Identity, name: string): void {
    if (identity.guest === true) {
      throw new Refusal('forbidden', 'Guests have no inbox; sign in first.');
    }
    this.#rates.charge(identity.userId, costFor(identity, inboxCost(name)));
  }

  #isReachable({ open, state }: Connection): boolean {
    return open && this.#connections.byId.has(state.id);
  }
}

/** @throws Refusal `too_many_connections` */
function assertMayConnect(
  connections: Connections,
  { connectionsPerUser }: Limits,
  userId: string,
) {
  if (connections.ofUser(userId).length < connectionsPerUser) return;
  throw new Refusal(
    'too_many_connections',
    `Your inbox is open ${connectionsPerUser} times already; close one first.`,
  );
}
