import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import { countsOf, listPage } from '../conversations/pages.ts';
import type { InboxHandler } from '../context.ts';

/**
 * A page of conversations: pinned ones first, then by activity. Waits briefly for exact
 * counts from rooms.
 */
export const getInbox: InboxHandler<'getInbox'> = (context, query) => {
  const asks = countsOf(context, query);
  if (asks.length === 0) return { reply: listPage(context, query) };
  return {
    asks,
    timeoutMs: inboxLimits.countsWithinMs,
    resume: (later) => ({ reply: listPage(later, query) }),
  };
};
