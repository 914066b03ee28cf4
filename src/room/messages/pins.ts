import type { Context } from '../context.ts';
import type { Effect } from '../effects.ts';

/** Unpins a message that is deleted or removed. @returns the event for everyone, if it was pinned */
export function unpinRemoved(
  { room, roomId }: Pick<Context, 'room' | 'roomId'>,
  seq: number,
): readonly Effect[] {
  const { pins: before } = room.read();
  if (!before.includes(seq)) return [];
  const pins = before.filter((pin) => pin !== seq);
  room.setPins(pins);
  const event = { name: 'pinsUpdated' as const, payload: { roomId, pins } };
  return [{ type: 'broadcast', event, audience: { to: 'everyone' } }];
}
