import { Deliveries } from '../deliveries/deliveries.ts';
import { closeCodes } from '../protocol/codes/close-codes.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import { RateLimits } from './access/rate-limits.ts';
import { Renewal } from './access/renewal.ts';
import { TokenExpiry } from './access/token-expiry.ts';
import { FrameSender } from './broadcast/frame-sender.ts';
import { FILES_TARGET, filesBody } from './files/deliver.ts';
import { Outbox } from './broadcast/outbox.ts';
import { Refusals } from './broadcast/refusals.ts';
import { SlowConsumers } from './broadcast/slow-consumers.ts';
import type { RoomParts } from './context.ts';
import { Effects, type PlannedEffect } from './effects.ts';
import { Pipeline } from './pipeline.ts';
import type { Connection, Ports } from './ports.ts';
import { Connections } from './presence/connections.ts';
import { Departures } from './presence/departures.ts';
import { Presence } from './presence/presence.ts';
import { Receipts } from './presence/receipts.ts';
import { Typing } from './presence/typing.ts';
import { Database } from './storage/database.ts';
import { storesOf } from './storage/stores.ts';
import { Upkeep } from './upkeep/upkeep.ts';

/** What a room's own methods call. */
export interface RoomServices {
  connections: Connections;
  departures: Departures;
  outbox: Outbox;
  frames: FrameSender;
  deliveries: Deliveries;
  refusals: Refusals;
  rates: RateLimits;
  tokenExpiry: TokenExpiry;
  renewal: Renewal;
  pipeline: Pipeline;
  effects: Effects;
  upkeep: Upkeep;
}

/**
 * Makes the objects of one room and connects them. Nothing else holds their order.
 * @throws NewerSchema where newer code has written the room
 */
export function servicesOf(roomId: string, ports: Ports, limits: Limits): RoomServices {
  const { clock, ids, timer, roster, log } = ports;
  const database = new Database(ports.sql);
  const connections = new Connections(roster);
  const outbox = new Outbox(connections);
  const presence = new Presence(roomId, outbox, clock, timer, connections);
  const typing = new Typing(clock);
  const stores = storesOf(database, ports, roomId);
  const deliveries = new Deliveries({ ...ports, sql: database }, (target, key) => {
    const context = upkeep.context();
    return target === FILES_TARGET
      ? filesBody(context, key)
      : ports.application?.read(context, target, key);
  });
  const parts: RoomParts = {
    roomId,
    ...stores,
    connections,
    presence,
    typing,
    limits,
    ids,
    deliveries,
  };

  const departures = new Departures(outbox, connections, presence, typing);
  const tokenExpiry = new TokenExpiry(clock, roster, (connection, code) =>
    departures.disconnect([connection], code),
  );
  const slowConsumers = new SlowConsumers(roomId, outbox, presence, timer, (connection) =>
    departures.disconnect([connection], closeCodes.tooSlow),
  );
  const frames = new FrameSender(ports, outbox, tokenExpiry, slowConsumers, departures);

  const refusals = new Refusals(roomId, ports, outbox, departures);

  // Applying effects may rename a user, and a renaming has effects.
  const apply = (planned: readonly PlannedEffect[]) => effects.apply(planned);
  const rename = (connection: Connection) => renewal.rename(connection);
  const rates = new RateLimits(limits, clock);
  const upkeep = new Upkeep(parts, database, ports, apply);
  const pipeline = new Pipeline(parts, database, ports, upkeep);
  const renewal = new Renewal(database, upkeep, rates, tokenExpiry, log, apply);
  const receipts = new Receipts(roomId, outbox, presence, connections, timer);
  const effects = new Effects({
    outbox,
    connections,
    presence,
    receipts,
    departures,
    upkeep,
    rename,
  });
  return {
    connections,
    departures,
    outbox,
    frames,
    deliveries,
    refusals,
    rates,
    tokenExpiry,
    renewal,
    pipeline,
    effects,
    upkeep,
  };
}
