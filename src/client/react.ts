/** React binding: `import { useInbox, useRoom } from 'parlor/react'`, with React 18 or later. */
import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Client } from './client.ts';
import type { Inbox } from './inbox.ts';
import { emptyInbox, type InboxState } from './inbox-state.ts';
import type { Room } from './room.ts';
import type { RoomState } from './state.ts';

/** How many mounted components use each room. */
const users = new WeakMap<Room, number>();

/**
 * A room in a component, which renders again whenever the room's state changes. The room is joined when
 * the component is mounted, never while rendering: rendering on a server joins nothing and shows the
 * state of a room that is not joined yet. When the last component is unmounted, the room is left.
 * @param client made once, outside of components, by `connect`
 * @param options.keep true: stay in the room when all components are unmounted;
 * `room.leave()` leaves it
 * @param options.quiet as in `client.room`
 * @example const { room, state } = useRoom(client, 'general');
 */
export function useRoom<A extends object = object>(
  client: Pick<Client<A>, 'room'>,
  roomId: string,
  { keep = false, quiet = false }: { keep?: boolean; quiet?: boolean } = {},
): { room: Room<A>; state: RoomState<A> } {
  const room = client.room(roomId, { join: false, quiet });
  const state = useSyncExternalStore(room.subscribe, room.getState, room.getFirstState);
  useEffect(() => {
    count(room, 1);
    room.join();
    return () => {
      count(room, -1);
      // Deferred, because strict mode unmounts and mounts again in the same turn.
      setTimeout(() => {
        if (!keep && users.get(room) === 0) room.leave();
      });
    };
  }, [room, keep]);
  return { room, state };
}

/**
 * The inbox in a component, which renders again whenever its state changes. It is opened when the
 * component is mounted, never while rendering, and stays open until `client.close()`.
 * @returns `inbox` undefined until it is loaded; the state is that of an empty inbox until then
 * @example const { inbox, state } = useInbox(client);
 */
export function useInbox(client: Pick<Client, 'inbox'>): {
  inbox: Inbox | undefined;
  state: InboxState;
} {
  const [inbox, setInbox] = useState<Inbox>();
  useEffect(() => {
    let isMounted = true;
    void client.inbox().then((opened) => (isMounted ? setInbox(opened) : undefined));
    return () => {
      isMounted = false;
    };
  }, [client]);
  const getState = inbox?.getState ?? notOpened;
  const state = useSyncExternalStore(inbox?.subscribe ?? never, getState, notOpened);
  return { inbox, state };
}

const notOpened = () => emptyInbox;
const never = () => () => {};

function count(room: Room, by: number): void {
  users.set(room, (users.get(room) ?? 0) + by);
}
