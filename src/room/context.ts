import type { Deliveries } from '../deliveries/deliveries.ts';
import type { OperationName, Payload, Reply } from '../protocol/commands.ts';
import type { HookEvent } from '../protocol/hook-requests.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import type { Application } from './application.ts';
import type { Access } from './access/access.ts';
import type { RateLimits } from './access/rate-limits.ts';
import type { OpenAppends } from './broadcast/open-appends.ts';
import type { Effect } from './effects.ts';
import type { Connection, Ids, Name, Ports } from './ports.ts';
import type { Connections } from './presence/connections.ts';
import type { Presence } from './presence/presence.ts';
import type { Typing } from './presence/typing.ts';
import type { RoomState } from './storage/room-row.ts';
import type { Stores } from './storage/stores.ts';
import type { Verdict } from './verdict.ts';

/** The identity that gave a command, with its connection; over HTTP there is none. */
export interface Actor {
  identity: Identity;
  connection?: Connection;
  /** What the backend has decided about the command. */
  verdict?: Verdict | undefined;
}

/** What all of a room's work reads and writes through. */
export interface RoomParts extends Stores {
  roomId: string;
  connections: Connections;
  presence: Presence;
  typing: Typing;
  appends: OpenAppends;
  /** What may be appended to each message, by `seq`. */
  appendRates: RateLimits;
  /** What each incoming webhook may say, by its id. */
  incomingRates: RateLimits;
  limits: Limits;
  ids: Ids;
  application: Application;
  /** Whether the backend decides about texts before they are stored. */
  asksFirst: boolean;
  /** Where a defect of the application is reported that must not stop the room's own work. */
  log: Ports['log'];
  /** What the outgoing webhook follows of this room. */
  hookEvents: ReadonlySet<HookEvent>;
  deliveries: Deliveries;
}

/** What work without an actor has, such as upkeep. */
export interface UpkeepContext extends RoomParts {
  /** The room's row as it was when the work began. */
  state: RoomState;
  /** Epoch milliseconds when the work began. */
  now: number;
  /** What the backend has decided about the text at hand. */
  verdict?: Verdict | undefined;
}

/** What a handler may look at. Handlers decide and write; they cannot send. */
export interface Context extends UpkeepContext {
  actor: Actor;
  /** What the actor may do. */
  access: Access;
}

/** What a handler decided: the reply, and the effects in the order in which they apply. */
export interface Decision<R> {
  reply: R;
  effects?: readonly Effect[];
}

export type Handler<N extends OperationName> = (
  context: Context,
  payload: Payload<N>,
) => Decision<Reply<N>>;

/** The actor as messages, notices and lists show them. */
export interface ActorName extends Name {
  userId: string;
}
