import type { Attached, OrderAnswer, OrderCall } from '../relay/exchange.ts';
import { RoomRelays, type RoomRelaysPorts } from '../relay/room-relays.ts';
import type { Environment } from './environment.ts';
import { relayName } from './relay-name.ts';
import type { RelayObject } from './relay-object.ts';

/** Time a relay has to answer, in milliseconds; one that does not is reset and closes its sockets. */
const ATTACH_TIMEOUT_MS = 5_000;

/** The key of `StoredRelays`. */
const STORED = 'relays';

/** What is stored for a room that has had relays. */
interface StoredRelays {
  /** Counts how often the room has woken with relays: identifies one life of its memory. */
  life: number;
  /** The numbers of the relays that have listeners. */
  numbers: readonly number[];
}

export interface ObjectRelaysPorts extends Pick<RoomRelaysPorts, 'log' | 'timer' | 'runInRoom'> {
  roomId: string;
}

/**
 * The relays of a room whose object wakes. Those that had listeners are asked for their connections
 * before the object takes anything else.
 * @returns with whether there are any that had
 */
export function wakeRelays(
  ctx: DurableObjectState,
  objects: Environment['RELAY'],
  { roomId, ...ports }: ObjectRelaysPorts,
): { relays: RoomRelays; areUsed: boolean } {
  const { storage } = ctx;
  const { numbers = [], life: last = 0 } = storage.kv.get<StoredRelays>(STORED) ?? {};
  const life = last + 1;
  const relays = new RoomRelays(life, {
    ...ports,
    clock: { now: () => Date.now() },
    order: (relay, call, settle) =>
      void order(objects?.getByName(relayName(roomId, relay)), call).then(settle),
    save: (listening) => storage.kv.put<StoredRelays>(STORED, { life, numbers: listening }),
  });
  if (numbers.length === 0 || objects === undefined) return { relays, areUsed: false };
  storage.kv.put<StoredRelays>(STORED, { life, numbers });
  const attachAll = async () => {
    const attaching = numbers.map(async (number) => {
      relays.attach(number, await attach(objects.getByName(relayName(roomId, number)), life));
    });
    await Promise.all(attaching);
  };
  void ctx.blockConcurrencyWhile(attachAll);
  return { relays, areUsed: true };
}

/** Asks a relay for its connections. Never rejects: undefined if it did not answer. */
async function attach(
  relay: DurableObjectStub<RelayObject>,
  life: number,
): Promise<Attached | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, ATTACH_TIMEOUT_MS, undefined);
  try {
    return await Promise.race([relay.attach(life) as Promise<Attached>, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Calls a relay. Never rejects: undefined if it did not answer. */
async function order(
  relay: DurableObjectStub<RelayObject> | undefined,
  call: OrderCall,
): Promise<OrderAnswer | undefined> {
  try {
    return await relay?.order(call);
  } catch {
    return undefined;
  }
}
