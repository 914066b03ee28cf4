import type { Identity } from '../protocol/identity.ts';

/**
 * What a transport says to a room object beside commands. Commands are tuples; this is an object, so that
 * no client's command can be mistaken for it.
 */

/** Links carry commands that a transport has taken apart already: depth is the room's to judge. */
export const LINK_LIMITS = { jsonDepth: Infinity, tuplesPerFrame: 1 };

/** The line that puts a newer identity in the place of a link's. */
export function identityUpdateLine(identity: Identity): string {
  return JSON.stringify({ renew: identity });
}

export function readIdentityUpdate(line: string): Identity | undefined {
  if (!line.startsWith('{')) return undefined;
  return (JSON.parse(line) as { renew: Identity }).renew;
}
