import type { Identity } from '../../protocol/identity.ts';
import { eventLine } from '../../protocol/frames.ts';
import type { Message } from '../../protocol/objects.ts';
import type { RoomDirectory } from '../../host/room-directory.ts';

/** Who reads a room without being in it: nobody is told, and nothing is sent. */
export interface Reader {
  directory: RoomDirectory;
  roomId: string;
  identity: Identity;
}

/** How often a client that hears nothing else is told that the stream lives, in milliseconds. */
export const BEAT_MS = 20_000;

/** How long a poll waits for something to happen, in milliseconds. */
export const POLL_MS = 25_000;

/**
 * What was missed as events: `message` for what is new to the client, else `messageUpdated`.
 * @param knownTo the highest `rev` that the client had seen
 */
export function missedLines(missed: readonly Message[], knownTo: number): string[] {
  return missed.map((row) => eventLine(row.seq > knownTo ? 'message' : 'messageUpdated', row));
}

/** The last event of a room for one who has no socket to see a close code on. */
export function closedLine(roomId: string, closeCode: number, reason: string): string {
  return eventLine('roomClosed', { roomId, closeCode, reason });
}
