/** React binding: `import { useRoom } from 'parlor/react'`, with React 18 or later. */
import { useEffect, useSyncExternalStore } from 'react';
import type { Client } from './client.ts';
import type { Room } from './room.ts';
import type { RoomState } from './state.ts';

/** How many mounted components use each room. */
const users = new WeakMap<Room, number>();

/**
 * A room in a component, which renders again whenever the room's state changes. The room is joined
 * when the component is mounted, never while rendering: a server that renders joins nothing and
 * renders the state of a room not joined yet. The last component that goes leaves the room.
 * @param client made once, outside of components, by `connect`
 * @param options.keep true: stay in the room when the components are gone; `room.leave()` leaves
 * @example const { room, state } = useRoom(client, 'general');
 */
export function useRoom<S extends object = object>(
  client: Pick<Client<S>, 'room'>,
  roomId: string,
  { keep = false }: { keep?: boolean } = {},
): { room: Room<S>; state: RoomState } {
  const room = client.room(roomId, { join: false });
  const state = useSyncExternalStore(room.subscribe, room.getState, room.getFirstState);
  useEffect(() => {
    count(room, 1);
    room.join();
    return () => {
      count(room, -1);
      // Not at once: strict mode mounts again in the same turn.
      setTimeout(() => {
        if (!keep && users.get(room) === 0) room.leave();
      });
    };
  }, [room, keep]);
  return { room, state };
}

function count(room: Room, by: number): void {
  users.set(room, (users.get(room) ?? 0) + by);
}
