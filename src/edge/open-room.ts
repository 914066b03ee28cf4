import { evictExpired } from '../admission/evict-expired.ts';
import { unavailable } from '../protocol/codes/errors.ts';
import { callRoom } from './call-room.ts';
import { refusalIn } from './connect-room.ts';
import type { Environment } from './environment.ts';
import { type Placement, relayName } from './relay-name.ts';
import { type UpgradeContext, upgradeRequest } from './upgrade-context.ts';

export type RoomObjects = Pick<Environment, 'ROOM' | 'RELAY'>;

/** So long a Worker goes by a room's last word on its relays, in milliseconds: a storm must not ask. */
const KNOWN_MS = 10_000;

/** Places that a room names, one after the other, before it is given up. */
const MAX_PLACES = 8;

/** How many relays rooms have, as this isolate knows; the most recently used last. */
const relays = new Map<string, { of: number; at: number }>();

/**
 * A socket to a room, joined; not accepted yet. It leads to the room's own object, or to one of its
 * relays.
 * @throws Refusal when the room does not take it, or cannot be reached
 */
export async function openRoom(
  objects: RoomObjects,
  roomId: string,
  context: UpgradeContext,
): Promise<WebSocket> {
  const known = knownRelays(roomId);
  if (known !== undefined) {
    const relay = 1 + Math.floor(Math.random() * known);
    const socket = await openAt(objects, roomId, relay, context);
    if (socket !== undefined) return socket;
    relays.delete(roomId);
  }
  const full: number[] = [];
  for (let tried = 0; tried < MAX_PLACES; tried++) {
    const place = await askRoom(objects, roomId, { ...context, full });
    if (!('relay' in place)) return place;
    learn(roomId, place.of);
    const socket = await openAt(objects, roomId, place.relay, context);
    if (socket !== undefined) return socket;
    full.push(place.relay);
  }
  throw unavailable();
}

function knownRelays(roomId: string): number | undefined {
  evictExpired(relays, ({ at }) => Math.abs(Date.now() - at) >= KNOWN_MS);
  return relays.get(roomId)?.of;
}

function learn(roomId: string, of: number): void {
  relays.delete(roomId);
  relays.set(roomId, { of, at: Date.now() });
}

async function askRoom(
  { ROOM }: RoomObjects,
  roomId: string,
  context: UpgradeContext,
): Promise<WebSocket | Placement> {
  const request = upgradeRequest({ ...context, relays: true });
  const response = await callRoom(() => ROOM.getByName(roomId).fetch(request));
  if (response.webSocket !== null) return response.webSocket;
  if (!response.ok) throw await refusalIn(response);
  return response.json<Placement>();
}

/** @returns undefined where the relay is full */
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
