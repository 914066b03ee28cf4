/** The relay for a further socket of a room whose own object is full. */
export interface Placement {
  relay: number;
  /** How many relays the room has. */
  of: number;
  /** Those that are full; a room of an earlier version does not say. */
  full?: readonly number[];
}

/** The name of a relay's object. The room id comes last because it may contain a colon. */
export function relayName(roomId: string, relay: number): string {
  return `${relay}:${roomId}`;
}

export function readRelayName(name: string): { roomId: string; relay: number } {
  const colon = name.indexOf(':');
  return { roomId: name.slice(colon + 1), relay: Number(name.slice(0, colon)) };
}
