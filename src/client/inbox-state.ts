import type { Conversation, Totals } from '../protocol/inbox-objects.ts';
import type { Status } from './status.ts';

/**
 * An inbox as this client knows it. Immutable: a change makes a new object.
 * @example const { conversations, totals, hasMore } = inbox.state;
 */
export interface InboxState {
  status: Status;
  /** Without archived ones: pinned ones first, then by activity. */
  conversations: readonly Conversation[];
  /** Whether `loadMore` may find more. */
  hasMore: boolean;
  /** How many conversations are unread and how many have unread mentions, also of those not loaded. */
  totals: Totals;
}

/** The state of an inbox that is not open yet. */
export const emptyInbox: InboxState = {
  status: { name: 'connecting' },
  conversations: [],
  hasMore: false,
  totals: { unread: 0, mentions: 0 },
};
