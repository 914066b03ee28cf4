import type { EventName, EventPayload } from '../protocol/events.ts';
import type { ReceivedSignals, MessageOf } from '../protocol/app.ts';
import type { RoomState } from './state.ts';
import type { Status } from './status.ts';

/**
 * The events of a room. `message` is emitted once for every message that is new to this client, missed
 * ones and this user's own included; `messageUpdated` for every change of one. `change`: `state` has
 * changed. `reset`: the room's storage was replaced, and the state starts again.
 */
export type RoomEvents = { [N in EventName]: EventPayload<N> } & {
  change: RoomState;
  status: Status;
  reset: undefined;
};

/** The events of a room with the application `A`: its signals hold their sender and the room. */
export type AppRoomEvents<A extends object> = Omit<RoomEvents, AppEvent> & {
  [N in AppEvent]: RoomEventsOf<A>[N];
} & ReceivedSignals<A>;

/** Events that hold a message of the application's kinds, or the state. */
type AppEvent = 'message' | 'messageUpdated' | 'change';
interface RoomEventsOf<A extends object> {
  message: MessageOf<A>;
  messageUpdated: MessageOf<A> & Pick<EventPayload<'messageUpdated'>, 'change' | 'by'>;
  change: RoomState<A>;
}

/** One event as a loop over `events()` gets it. */
export type RoomEvent = {
  [N in EventName]: { name: N; payload: EventPayload<N> };
}[EventName];
