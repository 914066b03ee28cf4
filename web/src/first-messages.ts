import type { Room } from '../../src/client/index.ts';
import { HistoryWindow } from './history-window.ts';
import type { ReadTracker } from './read-tracker.ts';

/** A room in which less is loaded shows too little. */
const FEW = 50;
const PAGE = 100;
/** So many pages are loaded before the first unread message is asked for by itself. */
const MAX_PAGES = 3;

/** Whether what is loaded begins before the first unread message, and fills a window. */
export function isEnough({ state }: Room, reading: ReadTracker): boolean {
  return !isShort(state) && !reading.hasGap(state);
}

function isShort({ messages, hasOlder }: Room['state']): boolean {
  return hasOlder && messages.length < FEW;
}

/** Loads back to the first unread message, where that is not far; what fails is loaded later. */
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

/** What stands around the last read message; undefined where that is loaded with the newest ones. */
export async function aroundUnread(
  room: Room,
  reading: ReadTracker,
): Promise<HistoryWindow | undefined> {
  const { state } = room;
  if (!reading.hasGap(state)) return undefined;
  return HistoryWindow.around(room, Math.max(1, state.readUpTo));
}
