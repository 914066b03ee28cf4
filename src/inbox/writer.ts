import type { StoredConversation } from './storage/conversations.ts';
import type { InboxStores } from './storage/stores.ts';

/** Conversations that changed in one transaction; `isWhole`: with a changed draft. */
export interface Changes {
  userId: string;
  conversations: Map<string, { stored: StoredConversation; isWhole: boolean }>;
}

/** Stores changes of one inbox and collects them for its connections. */
export function writerOf(
  { accounts, conversations }: InboxStores,
  userId: string,
): { changes: Changes; change: (to: StoredConversation, what?: 'draft') => StoredConversation } {
  const changes: Changes = { userId, conversations: new Map() };
  const change = (to: StoredConversation, what?: 'draft') => {
    const before = conversations.find(userId, to.roomId);
    const stored = { ...to, inboxRev: accounts.nextRev(userId) };
    conversations.put(userId, stored);
    // A room that is gone and was never known makes no event.
    if (!stored.gone || before?.gone === false) {
      const isWhole = what === 'draft' || changes.conversations.get(to.roomId)?.isWhole === true;
      changes.conversations.set(to.roomId, { stored, isWhole });
    }
    return stored;
  };
  return { changes, change };
}
