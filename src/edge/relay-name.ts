/** Where a room that holds all the sockets it may sends another one. */
export interface Placement {
  relay: number;
  /** How many relays the room has. */
  of: number;
}

/** A relay's object is named after its number and its room, whose id may hold anything. */
export function relayName(roomId: string, relay: number): string {
  return `${relay}:${roomId}`;
}

export function readRelayName(name: string): { roomId: string; relay: number } {
  const colon = name.indexOf(':');
  return { roomId: name.slice(colon + 1), relay: Number(name.slice(0, colon)) };
}
