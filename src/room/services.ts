import { Deliveries } from '../deliveries/deliveries.ts';
import { closeCodes } from '../protocol/codes/close-codes.ts';
import { fixed, type Limits } from '../protocol/codes/limits.ts';
import type { Application } from './application.ts';
import { commandRate, RateLimits } from './access/rate-limits.ts';
import { Renewal } from './access/renewal.ts';
import { TokenExpiry } from './access/token-expiry.ts';
import { FrameSender } from './broadcast/frame-sender.ts';
import { OpenAppends } from './broadcast/open-appends.ts';
import { Outbox } from './broadcast/outbox.ts';
import { Refusals } from './broadcast/refusals.ts';
import { SlowConsumers } from './broadcast/slow-consumers.ts';
import type { RoomParts, UpkeepContext } from './context.ts';
import { Effects, type PlannedEffect } from './effects.ts';
import { FILES_TARGET, filesBody } from './files/deliver.ts';
import { HOOK_TARGET, hookBody } from './hook/deliver.ts';
import { Pipeline } from './pipeline.ts';
import type { Ports } from './ports.ts';
import { Questions } from './questions.ts';
import { Connections } from './presence/connections.ts';
import { Departures } from './presence/departures.ts';
import { Presence } from './presence/presence.ts';
import { Receipts } from './presence/receipts.ts';
import { Signals } from './presence/signals.ts';
import { Typing } from './presence/typing.ts';
import { Database } from './storage/database.ts';
import { INBOX_TARGET } from './inbox-updates/evaluate.ts';
import { bodyOf } from './inbox-updates/state.ts';
import { InboxUpdates } from './inbox-updates/inbox-updates.ts';
import { Watchers } from './inbox-updates/watchers.ts';
import { storesOf } from './storage/stores.ts';
import { Upkeep } from './upkeep/upkeep.ts';

/** The rate limit of appends to one message. */
const APPEND_RATE = { perSecond: fixed.appendsPerSecond, burst: fixed.appendBurst };

/** The rate limit of messages of one incoming webhook. */
const INCOMING_RATE = { perSecond: fixed.incomingPerSecond, burst: fixed.incomingBurst };

const NO_EVENTS: ReadonlySet<never> = new Set();

/** The objects that a room's methods call. */
export interface RoomServices {
  connections: Connections;
  departures: Departures;
  outbox: Outbox;
  appends: OpenAppends;
  frames: FrameSender;
  presence: Presence;
  slowConsumers: SlowConsumers;
  deliveries: Deliveries;
  application: Application;
  /** Whether signals that are not declared are passed on. */
  openSignals: boolean;
  refusals: Refusals;
  rates: RateLimits;
  tokenExpiry: TokenExpiry;
  renewal: Renewal;
  pipeline: Pipeline;
  effects: Effects;
  upkeep: Upkeep;
  /** Undefined where no backend is asked. */
  questions: Questions | undefined;
}

/**
 * Makes the objects of one room and connects them. Only this function knows the order in which they are
 * made.
 * @throws NewerSchema where newer code has written the room
 */
export function servicesOf(roomId: string, ports: Ports, limits: Limits): RoomServices {
  const { clock, ids, timer, log, application = {} } = ports;
  const database = new Database(ports.sql);
  const outgoing = outgoingOf(roomId, ports);
  const { connections, outbox, presence, typing, tokenExpiry, questions } = outgoing;
  const stores = storesOf(database, ports, roomId);
  const rates = new RateLimits(commandRate(limits), clock);
  const appends = new OpenAppends();
  const deliveries = new Deliveries({ ...ports, sql: database }, (target, key) =>
    readDelivery(upkeep.context(), ports, target, key),
  );
  const parts: RoomParts = {
    roomId,
    ...stores,
    connections,
    presence,
    typing,
    appends,
    appendRates: new RateLimits(APPEND_RATE, clock),
    incomingRates: new RateLimits(INCOMING_RATE, clock),
    limits,
    ids,
    deliveries,
    application,
    asksFirst: questions !== undefined,
    log,
    hookEvents: ports.hookEvents ?? NO_EVENTS,
  };

  // Applying effects may rename a user, and renaming has effects: so these refer to what is made below.
  const apply = (planned: readonly PlannedEffect[]) => effects.apply(planned);
  const context = () => upkeep.context();
  const wakeBy = (at: number) => upkeep.wakeBy(at);
  const inboxUpdates = new InboxUpdates({ timer, log, context, wakeBy }, database);
  const watchers = new Watchers({ ...ports, context });
  const upkeep = new Upkeep(parts, database, ports, inboxUpdates, apply);
  const pipeline = new Pipeline(parts, database, ports, upkeep);
  const renewal = new Renewal(database, upkeep, rates, tokenExpiry, log, apply);
  const effects = new Effects({
    ...outgoing,
    appends,
    receipts: new Receipts(roomId, outbox, presence, connections, timer),
    upkeep,
    inboxUpdates,
    watchers,
    rename: (connection) => renewal.rename(connection),
  });
  return {
    ...outgoing,
    appends,
    deliveries,
    application,
    openSignals: limits.openSignals,
    rates,
    renewal,
    pipeline,
    effects,
    upkeep,
  };
}

/** The body of a delivery, read as it is sent; undefined when nothing is owed any more. */
function readDelivery(
  context: UpkeepContext,
  { application }: Ports,
  target: string,
  key: string,
): string | undefined {
  if (target === FILES_TARGET) return filesBody(context, key);
  if (target === HOOK_TARGET) return hookBody(context, key);
  if (!target.startsWith(INBOX_TARGET)) return application?.read?.(context, target, key);
  return bodyOf(context, target.slice(INBOX_TARGET.length));
}

/** Makes the objects that hold a room's connections, send events to them, and ask the backend. */
function outgoingOf(roomId: string, ports: Ports) {
  const { clock, timer, ids, roster, judge } = ports;
  const connections = new Connections(roster);
  const outbox = new Outbox(connections);
  const presence = new Presence(roomId, outbox, clock, timer, connections);
  const typing = new Typing(clock);
  const signals = new Signals(outbox, clock, timer);
  const departures = new Departures(outbox, connections, presence, typing, signals);
  const tokenExpiry = new TokenExpiry(clock, roster, (connection, code) =>
    departures.disconnect([connection], code),
  );
  const slowConsumers = new SlowConsumers(roomId, outbox, presence, timer, (connection) =>
    departures.disconnect([connection], closeCodes.tooSlow),
  );
  const frames = new FrameSender(ports, outbox, tokenExpiry, slowConsumers.missed, departures);

  const refusals = new Refusals(roomId, ports, outbox, departures);
  return {
    connections,
    outbox,
    presence,
    typing,
    signals,
    departures,
    tokenExpiry,
    slowConsumers,
    frames,
    refusals,
    questions: judge && new Questions({ judge, timer, ids }),
  };
}
