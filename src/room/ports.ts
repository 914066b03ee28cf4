import type { Identity } from '../protocol/identity.ts';
import type { CloseCode } from '../protocol/codes/close-codes.ts';
import type { OperationName } from '../protocol/commands.ts';
import type { HookEvent } from '../protocol/hook-requests.ts';
import type { ErrorCode } from '../protocol/codes/errors.ts';
import type { Clock, Courier, Ids, Log, Sql, Timer, Wakeup } from '../host/ports.ts';
import type { Application } from './application.ts';
import type { Frame } from './broadcast/frame.ts';
import type { PerMinute } from './access/per-minute.ts';
import type { Question } from './verdict.ts';

/** The ports of every hosted object; below are those that only rooms have. */
export type {
  Clock,
  Courier,
  Delivery,
  DeliveryOutcome,
  Ids,
  Immediate,
  Log,
  Sql,
  SqlValue,
  Timer,
  Wakeup,
} from '../host/ports.ts';

/**
 * All open connections, joined or not, except those in groups. A connection that is closing may still
 * be listed.
 */
export interface Roster {
  connections(): Iterable<Connection>;
  /** Absent where the room's own object holds every socket. */
  readonly groups?: Iterable<ConnectionGroup>;
}

/**
 * Connections whose sockets another object holds. That object closes connections whose token expired or
 * whose heartbeats stopped, and passes a shared frame on, so the room's work is for each group, not for
 * each of its connections.
 */
export interface ConnectionGroup {
  /** Its connections, joined or not. */
  connections(): Iterable<Connection>;
  /**
   * Sends a shared frame to its joined connections, except those whose ids are in `except`. Never
   * throws.
   * @returns whether the group has connections
   */
  share(frame: Frame, except: ReadonlyMap<string, unknown>): boolean;
}

/** Counters for the operator: never a user id or a text. Never throws. */
export interface Meter {
  /** An operation succeeded; `missed` is the number of missed messages in the reply to a resuming join. */
  done(name: OperationName, missed: number | undefined): void;
  refused(code: ErrorCode): void;
  /** An attempt at a delivery to a target outside has ended. */
  attempted(outcome: 'delivered' | 'failed'): void;
  /** Everything due was sent: this many frames, with this many lines in all. */
  flushed(frames: number, lines: number): void;
}

/** Asks the operator's backend about texts. */
export interface Judge {
  /** Never throws. The answer comes in a later turn, by `Room.decided` with the same `id`. */
  ask(id: string, question: Question): void;
}

export interface Ports {
  sql: Sql;
  /**
   * The epoch of the room's first life, up to its first deletion: letters, digits, `-` and `_`, at most
   * 64. It stays the same as long as this storage lasts, even before anything is stored, and differs
   * for other storage, so that a position in lost data is not taken for one in the new data.
   */
  firstEpoch: string;
  clock: Clock;
  ids: Ids;
  timer: Timer;
  wakeup: Wakeup;
  roster: Roster;
  log: Log;
  meter?: Meter;
  /** Without it deliveries wait. */
  courier?: Courier;
  /** Whether the courier reaches inboxes; they then get updates of their users' state in the room. */
  hasInboxes?: boolean;
  application?: Application;
  /** Without it texts are stored without asking a backend. */
  judge?: Judge | undefined;
  /** The kinds of events of this room that the outgoing webhook gets; none by default. */
  hookEvents?: ReadonlySet<HookEvent>;
}

/** A display name, with marks: `unverified` when no token vouches for it, `bot` when it is a program's. */
export interface Name {
  username: string;
  unverified?: true;
  bot?: true;
}

/** The state of a connection, kept for as long as it is open, also while the room sleeps. */
export interface ConnectionState {
  /** Version of this format, for objects woken by newer code. */
  v: 1;
  id: string;
  identity: Identity;
  joined: boolean;
  /** Only listens: it is not in presence, and gives no commands. */
  silent?: true;
  /** It gets no ephemeral events but `presence`. */
  quiet?: boolean;
  /** Fixed at the first join. */
  name?: Name;
  /** The random name that a client gave itself: its connections replace one another. */
  session?: string;
  /** Malformed frames that it sent, counted by the minute. */
  badFrames?: PerMinute;
  /** Tokens of it that were refused, counted by the minute. */
  badTokens?: PerMinute;
}

/** One live attachment of one identity to the room. */
export interface Connection {
  readonly state: Readonly<ConnectionState>;
  /** Whether frames can still reach it. */
  readonly open: boolean;
  /**
   * When the client last gave a sign of life, in epoch milliseconds; undefined for one that does
   * not send heartbeats.
   */
  readonly lastSeenAt: number | undefined;
  update(change: Partial<ConnectionState>): void;
  /**
   * Sends a frame once its changes are stored; never throws.
   * @returns false when an ephemeral frame was dropped because the client reads too slowly
   */
  send(frame: Frame): boolean;
  /** Ends it; never throws, and does nothing the second time. */
  close(code: CloseCode, reason: string): void;
}
