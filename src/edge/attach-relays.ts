import type { Attached } from '../relay/exchange.ts';
import type { RoomRelays } from '../relay/room-relays.ts';
import { relayName } from './relay-name.ts';
import type { RelayObject } from './relay-object.ts';

/** Time a relay has to answer, in milliseconds; one that does not is reset and closes its sockets. */
const ATTACH_TIMEOUT_MS = 5_000;

/** What is stored for a room that has had relays. */
export interface StoredRelays {
  /** Counts how often the room has woken with relays: identifies one life of its memory. */
  life: number;
  /** The numbers of the relays that have listeners. */
  numbers: readonly number[];
}

/** Asks the relays of a room that wakes for their connections. Never rejects. */
export async function attachRelays(
  relays: RoomRelays,
  objects: DurableObjectNamespace<RelayObject>,
  roomId: string,
  { life, numbers }: StoredRelays,
): Promise<void> {
  await Promise.all(
    numbers.map(async (number) => {
      relays.attach(number, await attach(objects.getByName(relayName(roomId, number)), life));
    }),
  );
}

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
