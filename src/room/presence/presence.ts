import { type EventPayload, type LeaveReason, events } from '../../protocol/events.ts';
import { foldName, memberKeys } from '../../protocol/fold.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Present } from '../../protocol/objects.ts';
import { marksOf } from '../access/names.ts';
import type { Outbox } from '../broadcast/outbox.ts';
import type { Clock, Connection, Name, Timer } from '../ports.ts';
import type { Connections } from './connections.ts';

/** A user with at least one joined connection, or within the grace period after the last one dropped. */
interface User extends Name {
  userId: string;
  connections: readonly Connection[];
  /** The search keys of the user under the name `by`; made at the first search. */
  found?: { by: string; keys: readonly string[] };
}

/**
 * Which users are here. An index in memory over the roster, built when the room wakes and never stored.
 * Every user's joins and leaves alternate.
 */
export class Presence {
  readonly #roomId: string;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #connections: Connections;
  readonly #users = new Map<string, User>();
  /** Users within their grace period, with its start in epoch milliseconds, longest first. */
  readonly #graces = new Map<User, number>();
  /** Cancels the timer that all grace periods share, as a runtime limits the number of timers. */
  #cancelTimer: (() => void) | undefined;
  /** Whether a `presence` event is due; until it is sent, joins and leaves are only counted. */
  #pending = false;
  /** Whether a `presence` event for the quiet connections is due. */
  #isQuietDue = false;
  /** The number in the last `presence` event. */
  #lastCount = -1;

  constructor(
    roomId: string,
    outbox: Outbox,
    clock: Clock,
    timer: Timer,
    connections: Connections,
  ) {
    this.#roomId = roomId;
    this.#outbox = outbox;
    this.#clock = clock;
    this.#timer = timer;
    this.#connections = connections;
    for (const connection of connections.byId.values()) {
      if (!connection.state.joined || connection.state.silent) continue;
      addTo(this.#userOf(connection), connection);
    }
    // Sockets that ended while the room slept are still listed; the host reports the end of each.
    for (const user of this.#users.values()) {
      for (const connection of user.connections) {
        if (!connection.open) this.#drop(user, connection, 'disconnected');
      }
    }
  }

  /** Number of users here, including those within their grace period. */
  get count(): number {
    return this.#users.size;
  }

  /** Whether each join and leave is an event (`users`), or only the number of users online (`count`). */
  get mode(): 'users' | 'count' {
    return this.count > fixed.presenceUsers || this.#pending ? 'count' : 'users';
  }

  has(userId: string): boolean {
    return this.#users.has(userId);
  }

  /** The name under which a user is here. */
  nameOf(userId: string): Name | undefined {
    const user = this.#users.get(userId);
    return user && { username: user.username, ...marksOf(user) };
  }

  /** Renames a user who is present. */
  rename(userId: string, name: Name): void {
    const user = this.#users.get(userId);
    if (user === undefined) return;
    delete user.unverified;
    delete user.bot;
    Object.assign(user, name);
  }

  /** The first `limit` users, in the order they came. */
  list(limit: number): Present[] {
    const listed: Present[] = [];
    for (const user of this.#users.values()) {
      if (listed.length === limit) break;
      listed.push(presentOf(user));
    }
    return listed;
  }

  /** The first `limit` users after `userId`, by user id. */
  after(userId: string, limit: number): Present[] {
    return [...this.#users.values()]
      .filter((user) => user.userId > userId)
      .toSorted((a, b) => (a.userId < b.userId ? -1 : 1))
      .slice(0, limit)
      .map(presentOf);
  }

  /** The first `limit` users whose id, or a word of whose name, begins with `prefix`. */
  named(prefix: string, limit: number): Present[] {
    const key = foldName(prefix);
    const found: Present[] = [];
    for (const user of this.#users.values()) {
      if (found.length === limit) break;
      if (keysOf(user).some((one) => one.startsWith(key))) found.push(presentOf(user));
    }
    return found;
  }

  /** A connection has joined; its state holds the identity. */
  arrive(connection: Connection): void {
    const isNew = !this.#users.has(connection.state.identity.userId);
    const user = this.#userOf(connection);
    addTo(user, connection);
    this.#endGrace(user);
    if (isNew) this.#broadcast('userJoined', this.#event(user), connection);
  }

  /** A joined connection has ended or left. A repeated call changes nothing. */
  leave(connection: Connection, reason: LeaveReason): void {
    const user = this.#users.get(connection.state.identity.userId);
    if (user !== undefined) this.#drop(user, connection, reason);
  }

  #drop(user: User, connection: Connection, reason: LeaveReason): void {
    user.connections = user.connections.filter((other) => other !== connection);
    if (user.connections.length > 0) return;
    if (reason === 'disconnected') {
      if (!this.#graces.has(user)) this.#graces.set(user, this.#clock.now());
      this.#awaitGraces();
      return;
    }
    this.#endGrace(user);
    this.#gone(user, reason, connection);
  }

  #endGrace(user: User): void {
    if (!this.#graces.delete(user) || this.#graces.size > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #awaitGraces(): void {
    const [since] = this.#graces.values();
    if (since === undefined || this.#cancelTimer !== undefined) return;
    this.#cancelTimer = this.#timer.after(this.#graceLeftMs(since), () => {
      this.#cancelTimer = undefined;
      for (const [user, from] of this.#graces) {
        // The grace period that the timer waited for is over, whatever the clock says.
        if (from !== since && this.#graceLeftMs(from) > 0) break;
        this.#graces.delete(user);
        this.#gone(user, 'disconnected');
      }
      this.#awaitGraces();
    });
  }

  /**
   * The rest of a grace period, in milliseconds; 0 when the clock was set back to before its start. A clock
   * that was set back by less makes the period longer, to three times its length at most.
   */
  #graceLeftMs(since: number): number {
    const passedMs = this.#clock.now() - since;
    return passedMs < 0 ? 0 : Math.max(0, fixed.graceMs - passedMs);
  }

  #gone(user: User, reason: LeaveReason, cause?: Connection): void {
    const mode = this.mode;
    this.#users.delete(user.userId);
    this.#broadcast('userLeft', { ...this.#event(user), reason }, cause, mode);
  }

  #broadcast<N extends 'userJoined' | 'userLeft'>(
    name: N,
    payload: EventPayload<N>,
    cause: Connection | undefined,
    mode = this.mode,
  ): void {
    if (mode === 'count') this.#broadcastCount();
    else {
      const audience = { to: 'everyone' as const, except: cause?.state.id };
      this.#outbox.broadcast({ name, payload }, audience);
      this.#countForQuiet();
    }
  }

  /** While joins and leaves have names, quiet connections, few among at most 200 users, get the count. */
  #countForQuiet(): void {
    if (this.#isQuietDue || !this.#connections.hasQuiet) return;
    this.#isQuietDue = true;
    this.#timer.after(events.presence.everyMs, () => {
      this.#isQuietDue = false;
      const payload = { roomId: this.#roomId, onlineCount: this.count };
      for (const { state } of this.#connections.byId.values()) {
        const audience = { to: 'connection' as const, id: state.id };
        if (state.quiet && state.joined)
          this.#outbox.broadcast({ name: 'presence', payload }, audience);
      }
    });
  }

  #broadcastCount(): void {
    if (this.#pending) return;
    this.#pending = true;
    this.#timer.after(events.presence.everyMs, () => {
      this.#pending = false;
      // At or below the limit, events with names follow again, so clients need this count even if it is
      // the same.
      if (this.count === this.#lastCount && this.count > fixed.presenceUsers) return;
      this.#lastCount = this.count;
      const payload = { roomId: this.#roomId, onlineCount: this.count };
      this.#outbox.broadcast({ name: 'presence', payload }, { to: 'everyone' });
    });
  }

  #userOf(connection: Connection): User {
    const { identity, name } = connection.state;
    const known = this.#users.get(identity.userId);
    if (known !== undefined) return known;
    const user: User = {
      userId: identity.userId,
      ...(name ?? { username: identity.userId }),
      connections: [],
    };
    this.#users.set(identity.userId, user);
    return user;
  }

  #event(user: User): EventPayload<'userJoined'> {
    return { roomId: this.#roomId, ...presentOf(user), timestamp: this.#clock.now() };
  }
}

function addTo(user: User, connection: Connection): void {
  if (!user.connections.includes(connection)) user.connections = [...user.connections, connection];
}

/** Kept for each name: in a crowd every search reads the keys of all users. */
function keysOf(user: User): readonly string[] {
  const { username: by } = user;
  if (user.found?.by !== by) user.found = { by, keys: memberKeys(user) };
  return user.found.keys;
}

function presentOf({ userId, username, ...marks }: User): Present {
  return { userId, username, ...marksOf(marks) };
}
