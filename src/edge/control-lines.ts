import { readFrame } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Connection } from '../room/ports.ts';
import type { Room } from '../room/room.ts';

/**
 * What a transport says to a room object beside commands. Commands are tuples; this is an object, so that
 * no client's command can be mistaken for it.
 */

/** Links carry commands that a transport has taken apart already: depth is the room's to judge. */
const LINK_LIMITS = { jsonDepth: Infinity, tuplesPerFrame: 1 };

/** The line that puts a newer identity in the place of a link's. */
export function identityUpdateLine(identity: Identity): string {
  return JSON.stringify({ renew: identity });
}

function readIdentityUpdate(line: string): Identity | undefined {
  if (!line.startsWith('{')) return undefined;
  return (JSON.parse(line) as { renew: Identity }).renew;
}

/** Takes one frame from a link to its room: a transport has checked it, and may speak of identities. */
export function receiveFromLink(room: Room, connection: Connection, data: string): void {
  const renewed = readIdentityUpdate(data);
  if (renewed !== undefined) {
    room.renew(connection, renewed);
    return;
  }
  for (const command of readFrame(data, LINK_LIMITS)) room.handle(connection, command);
}
