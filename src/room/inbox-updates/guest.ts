import type { ConversationState } from '../../protocol/inbox-objects.ts';
import type { UpkeepContext } from '../context.ts';
import { INBOX_TARGET } from './evaluate.ts';

/**
 * Records in a guest's inbox, which no client can open, that the guest is on the room's list: exports
 * and erasures of a user ask the rooms that the user's inbox has held. Sent once, in the commit that
 * lists the guest.
 */
export function recordGuest(
  { deliveries, sentStates, roomId, now }: UpkeepContext,
  userId: string,
): void {
  if (!sentStates.isOn) return;
  const state: ConversationState = {
    version: now,
    asOf: now,
    kind: 'room',
    role: 'member',
    readUpTo: 0,
    unread: 0,
    unreadMentions: 0,
    notify: 'none',
    at: now,
    since: now,
  };
  deliveries.add(`${INBOX_TARGET}${userId}`, roomId, JSON.stringify(state));
}
