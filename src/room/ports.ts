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

/** What a room asks of its host, beside what every hosted object asks for. */
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
 * Everyone connected now, joined or not, apart from the connections in groups. A connection that is
 * closing may still be listed.
 */
export interface Roster {
  connections(): Iterable<Connection>;
  /** Absent where the room's own object holds every socket. */
  readonly groups?: Iterable<ConnectionGroup>;
}

/**
 * Connections whose sockets another object holds. That object ends expired tokens and lost heartbeats,
 * and passes a shared frame on, so the room pays for a group and not for each of its connections.
 */
export interface ConnectionGroup {
  /** Its connections, joined or not. */
  connections(): Iterable<Connection>;
  /**
   * Hands over a shared frame for all of its joined connections but those in `except`. Never throws.
   * @returns whether the group has connections
   */
  share(frame: Frame, except: ReadonlyMap<string, unknown>): boolean;
}

/** Counters for the operator: never a user id or a text. Never throws. */
export interface Meter {
  /** Something was done; for a join that came back, with how many missed messages it was given. */
  done(name: OperationName, missed: number | undefined): void;
  refused(code: ErrorCode): void;
  /** An attempt at a delivery to a target outside has ended. */
  attempted(outcome: 'delivered' | 'failed'): void;
  /** All that was due has left: so many frames, with so many lines. */
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
   * The epoch of the room's first life, up to its first deletion: letters, digits, `-` and `_`, at
   * most 64. The same for as long as this storage lasts, though nothing is stored in the room yet,
   * and another one for other storage, so that a position of lost data is not taken for a new one.
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
  /** Whether the courier reaches inboxes, which then get updates of what their users have in the room. */
  hasInboxes?: boolean;
  application?: Application;
  /** Without it texts are stored without asking. */
  judge?: Judge | undefined;
  /** What the courier's webhook follows of this room; nothing unless given. */
  hookEvents?: ReadonlySet<HookEvent>;
}

/** A display name, whether a token vouches for it, and whether a program has it. */
export interface Name {
  username: string;
  unverified?: true;
  bot?: true;
}

/** What is known of a connection for as long as it lives, over the room's sleep too. */
export interface ConnectionState {
  /** Version of this form, for objects woken by newer code. */
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
  /** Whose connections replace one another: a client's own name for itself. */
  session?: string;
  /** Frames that were no tuples. */
  badFrames?: PerMinute;
  /** Tokens that did not hold. */
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
  readonly lastHeardAt: number | undefined;
  update(change: Partial<ConnectionState>): void;
  /**
   * Hands over what is stored; never throws.
   * @returns false where it was dropped, being ephemeral, because the client cannot keep up
   */
  send(frame: Frame): boolean;
  /** Ends it; never throws, and does nothing the second time. */
  close(code: CloseCode, reason: string): void;
}
