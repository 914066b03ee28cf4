import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import type { InboxPayload, InboxReply } from '../../protocol/inbox-commands.ts';
import type { InboxContext } from '../context.ts';
import type { Ask } from '../ports.ts';
import { isInexact, type StoredConversation } from '../storage/conversations.ts';
import { pageOf } from '../../room/messages/pages.ts';
import { formatPosition } from '../../protocol/position.ts';
import { askRoom } from './ask-room.ts';
import { isVisibleTo, shown, totalsOf } from './shown.ts';

type Query = InboxPayload<'getInbox'>;

/**
 * The conversations of a page, and whether there are more. Rooms that the token does not name
 * are left out.
 */
function find(context: InboxContext, query: Query): { items: StoredConversation[]; more: boolean } {
  const { conversations, userId, actor, limits } = context;
  const { limit = inboxLimits.pageDefault, filter } = query;
  let after = query.after === undefined ? undefined : conversations.find(userId, query.after);
  const items: StoredConversation[] = [];
  for (;;) {
    const found = conversations.page(userId, filter, after, limit + 1);
    items.push(...found.filter((one) => isVisibleTo(actor.identity, one.roomId, limits)));
    if (items.length > limit || found.length <= limit) break;
    after = found.at(-1);
  }
  return { items: items.slice(0, limit), more: items.length > limit };
}

/** A page as a reply shows it; it ends early at its limit of bytes. */
export function listPage(context: InboxContext, query: Query): InboxReply<'getInbox'> {
  const { accounts, userId, actor } = context;
  const { items, more } = find(context, query);
  const page = pageOf(
    items.map((one) => shown(one, false)),
    items.length,
  );
  const account = accounts.read(userId);
  return {
    epoch: account.epoch,
    position: formatPosition(account),
    conversations: page.items,
    hasMore: more || page.hasMore,
    totals: totalsOf(context, actor.identity),
  };
}

/** Requests to the rooms of a page whose counts may be higher than they last sent, at most 50. */
export function countsOf(context: InboxContext, query: Query): Ask[] {
  return find(context, query)
    .items.filter(isInexact)
    .slice(0, inboxLimits.countedRooms)
    .map(({ roomId }) => askRoom(context, roomId));
}
