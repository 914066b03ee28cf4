/** React binding: `import { useRoom } from 'parlor/react'`, with React 18 or later. */
import { useSyncExternalStore } from 'react';
import type { Client } from './client.ts';
import type { Room } from './room.ts';
import type { RoomState } from './state.ts';

/**
 * A room in a component, which is rendered anew whenever the room's state becomes another one. The
 * room is joined when it is first asked for, and stays joined when the component goes: call
 * `room.leave()`, or `client.close()`, to leave.
 * @param client made once, outside of components, by `connect`
 */
export function useRoom(
  client: Pick<Client, 'room'>,
  roomId: string,
): { room: Room; state: RoomState } {
  const room = client.room(roomId);
  const state = useSyncExternalStore(room.subscribe, room.getState, room.getState);
  return { room, state };
}
