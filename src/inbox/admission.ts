import type { Admission, DirectMessages } from './ports.ts';
import type { InboxStores } from './storage/stores.ts';

/**
 * Whether a user accepts direct messages from another one.
 * @param rooms the rooms on whose list the other user is
 */
export function admissionOf(
  { accounts, conversations, blocks }: InboxStores,
  policy: DirectMessages,
  userId: string,
  from: string,
  rooms: readonly string[],
): Admission {
  const known = new Set(rooms);
  const shares = conversations.sharedRooms(userId).some((roomId) => known.has(roomId));
  const isKnown = accounts.isKnown(userId);
  const isBlocked = blocks.has(userId, from);
  const isAdmitted = { anyone: isKnown, shared: shares, off: false }[policy];
  return { isAdmitted: isAdmitted && !isBlocked, isBlocked };
}
