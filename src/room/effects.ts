import type { CloseCode } from '../protocol/codes/close-codes.ts';
import { closeCodes } from '../protocol/codes/close-codes.ts';
import type { EventName, EventPayload, LeaveReason } from '../protocol/events.ts';
import type { Receipt } from '../protocol/objects.ts';
import { revocations } from './access/revocations.ts';
import type { Audience } from './broadcast/audience.ts';
import type { Entry } from './broadcast/framing.ts';
import type { OpenAppends } from './broadcast/open-appends.ts';
import type { Outbox } from './broadcast/outbox.ts';
import type { Context, Decision, UpkeepContext } from './context.ts';
import { HOOK_TARGET, hookKeys } from './hook/deliver.ts';
import type { Connection, ConnectionState } from './ports.ts';
import type { Connections } from './presence/connections.ts';
import type { Departures } from './presence/departures.ts';
import type { Signal, Signals } from './presence/signals.ts';
import type { Presence } from './presence/presence.ts';
import type { Receipts } from './presence/receipts.ts';
import { WAKEUP_EVERY_MS } from '../deliveries/deliveries.ts';
import { evaluate } from './inbox-updates/evaluate.ts';
import type { InboxUpdates } from './inbox-updates/inbox-updates.ts';
import type { Watchers } from './inbox-updates/watchers.ts';
import type { Questions } from './questions.ts';
import type { Question } from './verdict.ts';
import { dueAt } from './upkeep/tasks.ts';
import type { Upkeep } from './upkeep/upkeep.ts';

export type RoomEvent = {
  [N in EventName]: { name: N; payload: EventPayload<N> };
}[EventName];

/** An event for an audience; `position`, the room's position after it, only with a durable change. */
export interface Broadcast {
  type: 'broadcast';
  event: RoomEvent;
  audience: Audience;
  position?: string | undefined;
}

/** Closes connections, joined or not, after sending what is due to them. */
export interface Disconnect {
  type: 'disconnect';
  audience: Audience;
  code: CloseCode;
  /** By default the close code's own sentence. */
  reason?: string;
  leave: LeaveReason;
}

/** Effects that planning leaves as they are. */
type PlainEffect =
  | Broadcast
  | Disconnect
  /** A connection joins or leaves, or gets a name or a session. */
  | { type: 'updateConnection'; id: string; change: Partial<ConnectionState> }
  /** A read position has grown; the connection with the id `by` gets no event about it. */
  | { type: 'receipt'; receipt: Receipt; by: string | undefined }
  /** A user's read position is gone: if it still waits to be sent, it is dropped. */
  | { type: 'forgetReceipt'; userId: string }
  /** A user may not send any more: their signals that wait are dropped. */
  | { type: 'forgetSignals'; userId: string }
  /** The room's storage is erased after the next flush. */
  | { type: 'eraseStorage' }
  /** A user's inbox watches the room until a time, in epoch milliseconds. */
  | { type: 'watch'; userId: string; until: number }
  /** Rows were removed; their space can be given back. */
  | { type: 'reclaimSpace' }
  /** An application's own event is passed on as soon as its sender's rate and the room's allow it. */
  | { type: 'signal'; signal: Signal }
  /** The backend is asked about the text of a stream whose sender has fallen silent. */
  | { type: 'ask'; question: Question; seq: number }
  /** Text is added to an append that waits for the next flush. */
  | { type: 'extendAppend'; seq: number; text: string };

/** What a decision does beyond its reply, as data. Effects apply in their order. */
export type Effect =
  | PlainEffect
  /** Joined connections that may no longer be in the room are disconnected. */
  | { type: 'recheckAccess'; audience: Audience }
  /** Owes a target outside the room the state of `key`: stored when planned, sent after the commit. */
  | { type: 'deliver'; target: string; key: string }
  /** The next wakeup is set again; with `by` (epoch milliseconds), only if none is set until then. */
  | { type: 'wake'; by?: number };

/** An effect that needs nothing more from storage. */
export type PlannedEffect =
  | PlainEffect
  | { type: 'setWakeup'; at: number | undefined }
  /** Something that inboxes show may have changed. */
  | { type: 'updateInboxes' };

/** A decision that can be applied after its transaction without reading anything. */
export interface Planned<R> {
  reply: R;
  effects: readonly PlannedEffect[];
  /** The room's position after the decision's durable change, if it made one. */
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
 * @param wakeAt when the next wakeup is set for, in epoch milliseconds; undefined when none is set or
 * its time is not known
 */
export function plan<R>(
  context: UpkeepContext,
  { reply, effects = [] }: Decision<R>,
  wakeAt: number | undefined,
): Planned<R> {
  const { unindexedTo, keyedTo, retentionDays } = context.state;
  const planned: PlannedEffect[] = [];
  if (context.sentStates.newcomers.size > 0) updateNewcomers(context);
  let position: string | undefined;
  let wakes = false;
  let delivers = context.sentStates.isOn && context.sentStates.hasMarks;
  context.sentStates.hasMarks = false;
  if (delivers) planned.push({ type: 'updateInboxes' });
  for (const key of context.hookEvents.size === 0 ? [] : hookKeys(context, effects)) {
    context.deliveries.add(HOOK_TARGET, key);
    delivers = true;
  }
  for (const effect of effects) {
    if (effect.type === 'broadcast') position = effect.position ?? position;
    if (effect.type === 'wake') wakes ||= !isSetBy(effect.by, wakeAt);
    else if (effect.type === 'deliver') {
      context.deliveries.add(effect.target, effect.key);
      delivers = true;
    } else if (effect.type === 'recheckAccess')
      planned.push(...revocations(context, effect.audience));
    else planned.push(effect);
  }
  const isUpgrading = unindexedTo > 0 || keyedTo !== null;
  const needsUpkeep = isUpgrading || (retentionDays !== null && position !== undefined);
  const isLate = wakeAt === undefined || wakeAt > context.now + WAKEUP_EVERY_MS;
  if (wakes || (needsUpkeep && wakeAt === undefined) || (delivers && isLate)) {
    planned.push({ type: 'setWakeup', at: dueAt({ ...context, state: context.room.read() }) });
  }
  return { reply, effects: planned, position };
}

/**
 * Updates the inboxes of users who were not in the room with this commit, not a second later: an export
 * or an erasure of a user asks only the rooms that their inbox knows.
 */
function updateNewcomers(context: UpkeepContext): void {
  const { newcomers } = context.sentStates;
  const state = context.room.read();
  if (!state.importing) {
    for (const userId of newcomers) evaluate({ ...context, state }, userId);
  }
  newcomers.clear();
}

function isSetBy(by: number | undefined, wakeAt: number | undefined): boolean {
  return by !== undefined && wakeAt !== undefined && wakeAt <= by;
}

/** What effects act on. */
export interface EffectTargets {
  outbox: Outbox;
  appends: OpenAppends;
  connections: Connections;
  presence: Presence;
  signals: Signals;
  receipts: Receipts;
  departures: Departures;
  upkeep: Upkeep;
  inboxUpdates: InboxUpdates;
  watchers: Watchers;
  /** Shows a user under the name in a connection's token. */
  rename: (connection: Connection) => void;
  questions: Questions | undefined;
}

/** Applies effects. Never throws: what they need from storage was read when they were planned. */
export class Effects {
  readonly #targets: EffectTargets;

  constructor(targets: EffectTargets) {
    this.#targets = targets;
  }

  apply(effects: readonly PlannedEffect[]): void {
    const { outbox, appends, connections, receipts, departures, upkeep, inboxUpdates, watchers } =
      this.#targets;
    let entry: Entry;
    for (const effect of effects) {
      switch (effect.type) {
        case 'broadcast':
          entry = outbox.broadcast(effect.event, effect.audience, effect.position);
          if (effect.event.name === 'messageAppended') appends.add(effect.event.payload, entry);
          break;
        case 'signal':
          this.#targets.signals.add(effect.signal);
          break;
        case 'ask':
          this.#targets.questions?.ask(effect.question, (verdict) =>
            upkeep.interrupt(effect.seq, verdict),
          );
          break;
        case 'extendAppend':
          appends.extend(effect.seq, effect.text);
          break;
        case 'updateConnection':
          this.#update(connections.byId.get(effect.id), effect.change);
          break;
        case 'receipt':
          receipts.add(effect.receipt, effect.by);
          break;
        case 'forgetReceipt':
          receipts.forget(effect.userId);
          break;
        case 'forgetSignals':
          this.#targets.signals.forget(effect.userId);
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
        case 'updateInboxes':
          inboxUpdates.soon();
          if (watchers.until.size > 0) watchers.changed();
          break;
        case 'watch':
          watchers.watch(effect.userId, effect.until);
          break;
        case 'setWakeup':
          upkeep.setWakeup(effect.at);
          break;
        default:
          effect satisfies never;
      }
    }
  }

  #update(connection: Connection | undefined, change: Partial<ConnectionState>): void {
    if (connection === undefined) return;
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
   * Disconnects a client's earlier connections once it has joined with a new one: a command sent on an
   * earlier connection, and perhaps sent again since, must not arrive late and run.
   */
  #replace(connection: Connection, session: string): void {
    const { connections, departures } = this.#targets;
    const earlier = connections
      .ofUser(connection.state.identity.userId)
      .filter((other) => other !== connection && other.state.session === session);
    departures.disconnect(earlier, closeCodes.goingAway);
  }
}
