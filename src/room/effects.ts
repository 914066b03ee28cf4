import type { CloseCode } from '../protocol/codes/close-codes.ts';
import { closeCodes } from '../protocol/codes/close-codes.ts';
import type { EventName, EventPayload, LeaveReason } from '../protocol/events.ts';
import type { Receipt } from '../protocol/objects.ts';
import { revocations } from './access/revocations.ts';
import type { Audience } from './broadcast/audience.ts';
import type { Outbox } from './broadcast/outbox.ts';
import type { Context, Decision, UpkeepContext } from './context.ts';
import type { Connection, ConnectionState } from './ports.ts';
import type { Connections } from './presence/connections.ts';
import type { Departures } from './presence/departures.ts';
import type { Presence } from './presence/presence.ts';
import type { Receipts } from './presence/receipts.ts';
import { WAKEUP_EVERY_MS } from '../deliveries/deliveries.ts';
import { dueAt } from './upkeep/tasks.ts';
import type { Upkeep } from './upkeep/upkeep.ts';

export type RoomEvent = {
  [N in EventName]: { name: N; payload: EventPayload<N> };
}[EventName];

/** An event for an audience; `position` with a durable change: where the room stands with it. */
export interface Broadcast {
  type: 'broadcast';
  event: RoomEvent;
  audience: Audience;
  position?: string | undefined;
}

/** Connections are closed after what is due to them; also those that have not joined. */
export interface Disconnect {
  type: 'disconnect';
  audience: Audience;
  code: CloseCode;
  /** By default the close code's own sentence. */
  reason?: string;
  leave: LeaveReason;
}

/** What is done the same way before and after planning. */
type PlainEffect =
  | Broadcast
  | Disconnect
  /** A connection joins or leaves, or gets a name or a session. */
  | { type: 'updateConnection'; id: string; change: Partial<ConnectionState> }
  /** A read position has grown; the connection `by` gets no event of it. */
  | { type: 'receipt'; receipt: Receipt; by: string | undefined }
  /** A user's read position is gone and must not be sent any more. */
  | { type: 'forgetReceipt'; userId: string }
  /** Everything stored is dropped after the next flush. */
  | { type: 'eraseStorage' }
  /** Rows were removed; their space can be given back. */
  | { type: 'reclaimSpace' };

/** What a decision does beyond its reply, as data. Effects apply in their order. */
export type Effect =
  | PlainEffect
  /** Joined connections that may no longer be in the room are disconnected. */
  | { type: 'recheckAccess'; audience: Audience }
  /** A target outside the room is to be told of `key`: stored when it is planned, sent after the commit. */
  | { type: 'deliver'; target: string; key: string }
  /** The time of the next wakeup may have changed. */
  | { type: 'wake' };

/** An effect that needs nothing more from storage. */
export type PlannedEffect = PlainEffect | { type: 'setWakeup'; at: number | undefined };

/** A decision that can be applied after its transaction without reading anything. */
export interface Planned<R> {
  reply: R;
  effects: readonly PlannedEffect[];
  /** Where the room stands with the decision's durable change, if it made one. */
  position: string | undefined;
}

/** A broadcast to all joined connections but the actor's own, which gets the reply. */
export function broadcast(
  { actor }: Pick<Context, 'actor'>,
  event: RoomEvent,
  position?: string,
): Broadcast {
  const audience = { to: 'everyone' as const, except: actor.connection?.state.id };
  return { type: 'broadcast', event, audience, position };
}

/** A change of the actor's own connection; over HTTP there is none. */
export function updateConnection(
  { actor }: Pick<Context, 'actor'>,
  change: Partial<ConnectionState>,
): Effect[] {
  const id = actor.connection?.state.id;
  return id === undefined ? [] : [{ type: 'updateConnection', id, change }];
}

/**
 * Reads what effects need from storage. Call it inside the decision's transaction: when storage fails
 * here, the decision is rolled back as a whole.
 * @param wakeAt when the room is going to be woken anyway; undefined also when that is not known
 */
export function plan<R>(
  context: UpkeepContext,
  { reply, effects = [] }: Decision<R>,
  wakeAt: number | undefined,
): Planned<R> {
  const { unindexedTo, retentionDays } = context.state;
  const planned: PlannedEffect[] = [];
  let position: string | undefined;
  let wakes = false;
  let delivers = false;
  for (const effect of effects) {
    if (effect.type === 'broadcast') position = effect.position ?? position;
    if (effect.type === 'wake') wakes = true;
    else if (effect.type === 'deliver') {
      context.deliveries.add(effect.target, effect.key);
      delivers = true;
    } else if (effect.type === 'recheckAccess')
      planned.push(...revocations(context, effect.audience));
    else planned.push(effect);
  }
  const needsUpkeep = unindexedTo > 0 || (retentionDays !== null && position !== undefined);
  const isLate = wakeAt === undefined || wakeAt > context.now + WAKEUP_EVERY_MS;
  if (wakes || (needsUpkeep && wakeAt === undefined) || (delivers && isLate)) {
    planned.push({ type: 'setWakeup', at: dueAt({ ...context, state: context.room.read() }) });
  }
  return { reply, effects: planned, position };
}

/** What effects act on. */
export interface EffectTargets {
  outbox: Outbox;
  connections: Connections;
  presence: Presence;
  receipts: Receipts;
  departures: Departures;
  upkeep: Upkeep;
  /** Shows a user under the name in a connection's token. */
  rename: (connection: Connection) => void;
}

/** Applies effects. Never throws: what they need from storage was read when they were planned. */
export class Effects {
  readonly #targets: EffectTargets;

  constructor(targets: EffectTargets) {
    this.#targets = targets;
  }

  apply(effects: readonly PlannedEffect[]): void {
    const { outbox, connections, receipts, departures, upkeep } = this.#targets;
    for (const effect of effects) {
      switch (effect.type) {
        case 'broadcast':
          outbox.broadcast(effect.event, effect.audience, effect.position);
          break;
        case 'updateConnection':
          for (const connection of connections.in({ to: 'connection', id: effect.id })) {
            this.#update(connection, effect.change);
          }
          break;
        case 'receipt':
          receipts.add(effect.receipt, effect.by);
          break;
        case 'forgetReceipt':
          receipts.forget(effect.userId);
          break;
        case 'disconnect': {
          const { audience, code, reason, leave } = effect;
          departures.disconnect(connections.in(audience), code, reason, leave);
          break;
        }
        case 'eraseStorage':
          upkeep.erasesAfterFlush = true;
          break;
        case 'reclaimSpace':
          upkeep.reclaimSpace();
          break;
        case 'setWakeup':
          upkeep.setWakeup(effect.at);
          break;
        default:
          effect satisfies never;
      }
    }
  }

  #update(connection: Connection, change: Partial<ConnectionState>): void {
    const { outbox, presence, departures, rename } = this.#targets;
    const { joined, silent } = connection.state;
    if (change.joined === false && joined) {
      outbox.left(connection);
      departures.leave(connection, 'left');
    }
    connection.update(change);
    if (change.joined === true && !joined) {
      outbox.joined(connection);
      if (!silent) presence.arrive(connection);
      rename(connection);
    }
    if (change.session !== undefined) this.#replace(connection, change.session);
  }

  /**
   * Disconnects a client's earlier connections once it has joined with a new one: a command that was
   * sent on an earlier one, and perhaps again since, must not arrive later and be done.
   */
  #replace(connection: Connection, session: string): void {
    const { connections, departures } = this.#targets;
    const earlier = connections
      .ofUser(connection.state.identity.userId)
      .filter((other) => other !== connection && other.state.session === session);
    departures.disconnect(earlier, closeCodes.goingAway);
  }
}
