import { evictExpired } from '../admission/evict-expired.ts';
import { unavailable } from '../protocol/codes/errors.ts';
import { callRoom } from './call-room.ts';
import { refusalIn } from './connect-room.ts';
import type { Environment } from './environment.ts';
import { type Placement, relayName } from './relay-name.ts';
import { type UpgradeContext, upgradeRequest } from './upgrade-context.ts';

export type RoomObjects = Pick<Environment, 'ROOM' | 'RELAY'>;

/**
 * How long an isolate trusts a room's last answer about its relays, in milliseconds, so that a storm
 * of connections does not ask the room.
 */
const KNOWN_MS = 10_000;

/** How many places are tried, one after the other, before a connection is given up. */
const MAX_PLACES = 8;

/** How long connections wait while another one asks the room, and how often they look, in milliseconds. */
const MAX_WAIT_MS = 2_000;
const LOOK_EVERY_MS = 20;

/** What an isolate knows of a room: how many relays it has, and which of them were full. */
interface Relays {
  of: number;
  full: Set<number>;
  /** When the room answered, in epoch milliseconds. */
  at: number;
}

/** By room; the room that answered last is last. */
const relays = new Map<string, Relays>();

/** Rooms that are being asked, and since when, in epoch milliseconds. */
const asked = new Map<string, number>();

/**
 * Opens a joined socket to the room's own object or to one of its relays; the caller accepts it. Of
 * many connections that come at once, as after a deploy, only one asks the room where to go.
 * @throws Refusal when the room refuses the connection, or cannot be reached
 */
export async function openRoom(
  objects: RoomObjects,
  roomId: string,
  context: UpgradeContext,
): Promise<WebSocket> {
  const full: number[] = [];
  for (let tried = 0; tried < MAX_PLACES; tried++) {
    const known = await knownRelays(roomId);
    const place =
      known === undefined || known.of === 0
        ? await askRoom(objects, roomId, { ...context, full })
        : { relay: nextRelay(known) };
    if (!('relay' in place)) return place;
    const socket = await openAt(objects, roomId, place.relay, context);
    if (socket !== undefined) return socket;
    relays.get(roomId)?.full.add(place.relay);
    full.push(place.relay);
  }
  throw unavailable();
}

/** Waits while another connection asks. @returns undefined if this connection is to ask the room */
async function knownRelays(roomId: string): Promise<Relays | undefined> {
  for (;;) {
    const now = Date.now();
    evictExpired(relays, ({ at }) => Math.abs(now - at) >= KNOWN_MS);
    evictExpired(asked, (at) => Math.abs(now - at) >= MAX_WAIT_MS);
    const known = relays.get(roomId);
    if (known !== undefined) return known;
    if (!asked.has(roomId)) {
      asked.set(roomId, now);
      return undefined;
    }
    await scheduler.wait(LOOK_EVERY_MS);
  }
}

/** A random relay that was not full; if all were, the next new one, as the room itself would name it. */
function nextRelay(known: Relays): number {
  const free = Array.from({ length: known.of }, (_, at) => at + 1).filter(
    (relay) => !known.full.has(relay),
  );
  if (free.length === 0) return ++known.of;
  return free[Math.floor(Math.random() * free.length)]!;
}

function learn(roomId: string, { of, full = [] }: Omit<Placement, 'relay'>): void {
  const known = relays.get(roomId)?.full ?? [];
  relays.delete(roomId);
  relays.set(roomId, { of, full: new Set([...known, ...full]), at: Date.now() });
}

/** Asks the room for a socket at its own object, or for the relay to connect to instead. */
async function askRoom(
  { ROOM }: RoomObjects,
  roomId: string,
  context: UpgradeContext,
): Promise<WebSocket | Placement> {
  const request = upgradeRequest({ ...context, relays: true });
  try {
    const response = await callRoom(() => ROOM.getByName(roomId).fetch(request));
    if (response.ok && response.webSocket === null) {
      const place = await response.json<Placement>();
      learn(roomId, place);
      return place;
    }
    // The room takes sockets itself: the next connections ask it at once, without waiting for others.
    learn(roomId, { of: 0 });
    if (response.webSocket === null) throw await refusalIn(response);
    return response.webSocket;
  } finally {
    asked.delete(roomId);
  }
}

/** @returns undefined if the relay is full */
async function openAt(
  { RELAY }: RoomObjects,
  roomId: string,
  relay: number,
  context: UpgradeContext,
): Promise<WebSocket | undefined> {
  if (RELAY === undefined) throw unavailable();
  const object = RELAY.getByName(relayName(roomId, relay));
  const response = await callRoom(() => object.fetch(upgradeRequest(context)));
  if (response.webSocket !== null) return response.webSocket;
  if (response.ok) return undefined;
  throw await refusalIn(response);
}
