import { eventLine } from '../../protocol/frames.ts';

/** Interval of heartbeats to the client of a stream, in milliseconds. */
export const HEARTBEAT_MS = 20_000;

/** How long a poll waits for something to happen, in milliseconds. */
export const POLL_MS = 25_000;

/** The last event of a room or an inbox for a client without a socket that could show a close code. */
export function closedLine(roomId: string | undefined, closeCode: number, reason: string): string {
  return eventLine('roomClosed', { ...(roomId !== undefined && { roomId }), closeCode, reason });
}
