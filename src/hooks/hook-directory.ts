import type { HookEvent } from '../protocol/hook-requests.ts';
import type { HookedRoomStatus, HookSummary } from './hook.ts';

/** How a transport reaches the outgoing webhook, wherever it lives. */
export interface HookDirectory {
  /** The events that it gets of a room; none if it does not follow the room. */
  eventsOf: (roomId: string) => ReadonlySet<HookEvent>;
  /** Has a room's log sent again from a position on. Resolves when that is stored. */
  replay(roomId: string, position: string): Promise<void>;
  status(roomId: string): Promise<HookedRoomStatus>;
  /** The state of all rooms. */
  summary(): Promise<HookSummary>;
}
