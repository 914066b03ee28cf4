import type { Room } from '../../src/client/index.ts';
import { HistoryWindow } from './history-window.ts';
import type { ReadTracker } from './read-tracker.ts';

/** How many messages are loaded at least, where the room has as many: they fill a window. */
const MIN_LOADED = 50;
const PAGE = 100;
/** How many pages are loaded before the first unread message is asked for directly. */
const MAX_PAGES = 3;

/** Whether the loaded messages reach back to the first unread one, and fill a window. */
export function isEnough({ state }: Room, reading: ReadTracker): boolean {
  return !isShort(state) && !reading.hasGap(state);
}

function isShort({ messages, hasOlder }: Room['state']): boolean {
  return hasOlder && messages.length < MIN_LOADED;
}

/** Loads messages back to the first unread one, if it is not far. A page that fails is loaded later. */
export async function loadFirst(room: Room, reading: ReadTracker): Promise<void> {
  for (let page = 0; page < MAX_PAGES; page++) {
    const isFar = room.state.unread >= PAGE;
    if (isEnough(room, reading) || (isFar && !isShort(room.state))) return;
    try {
      // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
      await room.loadOlder(PAGE);
    } catch {
      return;
    }
  }
}

/** The messages around the last read one; undefined if the newest loaded messages reach back to it. */
export async function aroundUnread(
  room: Room,
  reading: ReadTracker,
): Promise<HistoryWindow | undefined> {
  const { state } = room;
  if (!reading.hasGap(state)) return undefined;
  return HistoryWindow.around(room, Math.max(1, state.readUpTo));
}
