import type { HookEvent } from '../protocol/hook-requests.ts';
import type { HookedRoomStatus, HookSummary } from './hook.ts';

/** How a transport reaches the outgoing webhook, wherever it lives. */
export interface HookDirectory {
  /** What it follows of a room; empty where it does not. */
  eventsOf: (roomId: string) => ReadonlySet<HookEvent>;
  /** Sends a room's log again from a position on. Resolves when that is stored. */
  replay(roomId: string, position: string): Promise<void>;
  status(roomId: string): Promise<HookedRoomStatus>;
  /** How it does in all rooms. */
  summary(): Promise<HookSummary>;
}
