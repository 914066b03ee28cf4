import type { EventName, EventPayload } from '../protocol/events.ts';
import type { RoomState } from './state.ts';
import type { Status } from './status.ts';

/**
 * What a room tells. `message` comes once for every message that is new to this client, what was
 * missed and this user's own included; `messageUpdated` for every change of one. `change`: the state
 * is another one. `reset`: the room's storage began anew, and so does the state.
 */
export type RoomEvents = { [N in EventName]: EventPayload<N> } & {
  change: RoomState;
  status: Status;
  reset: undefined;
};

/** One event as a loop over `events()` gets it. */
export type RoomEvent = {
  [N in EventName]: { name: N; payload: EventPayload<N> };
}[EventName];

/** What only this client tells. */
const OWN = /^(change|status|reset)$/;

/** What the room itself has told; undefined for what only this client tells. */
export function roomEvent(name: string, payload: unknown): RoomEvent | undefined {
  return OWN.test(name) ? undefined : ({ name, payload } as RoomEvent);
}
