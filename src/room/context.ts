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

/** The identity that gave a command, and its connection; a request over HTTP has none. */
export interface Actor {
  identity: Identity;
  connection?: Connection;
  /** The backend's verdict on the command's text. */
  verdict?: Verdict | undefined;
}

/** The stores, live state and settings that all work of a room uses. */
export interface RoomParts extends Stores {
  roomId: string;
  connections: Connections;
  presence: Presence;
  typing: Typing;
  appends: OpenAppends;
  /** Rate limits of appends to each message, by `seq`. */
  appendRates: RateLimits;
  /** Rate limits of each incoming webhook's messages, by its id. */
  incomingRates: RateLimits;
  limits: Limits;
  ids: Ids;
  application: Application;
  /** Whether the backend decides about texts before they are stored. */
  asksFirst: boolean;
  /** Reports defects of the application that must not stop the room's own work. */
  log: Ports['log'];
  /** The kinds of events of this room that the outgoing webhook gets. */
  hookEvents: ReadonlySet<HookEvent>;
  deliveries: Deliveries;
}

/** The context of work without an actor, such as upkeep. */
export interface UpkeepContext extends RoomParts {
  /** The room's row as it was when the work began. */
  state: RoomState;
  /** Epoch milliseconds when the work began. */
  now: number;
  /** The backend's verdict on the text at hand. */
  verdict?: Verdict | undefined;
}

/** The context of a handler. Handlers decide and write; they cannot send. */
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
