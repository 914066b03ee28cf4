import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import type { InboxPayload, InboxReply } from '../../protocol/inbox-commands.ts';
import { formatPosition, parsePosition, START } from '../../protocol/position.ts';
import { pageOf } from '../../room/messages/pages.ts';
import { isVisibleTo, shown, totalsOf } from '../conversations/shown.ts';
import type { InboxContext, InboxHandler } from '../context.ts';
import { getInbox } from './get-inbox.ts';

/** The first page of conversations, or the changes after a position; events follow from there. */
export const openInbox: InboxHandler<'openInbox'> = (context, payload) => {
  const { since, limit } = payload;
  if (since === undefined) return getInbox(context, { limit });
  const { accounts, userId } = context;
  const { epoch, rev } = accounts.read(userId);
  const from = parsePosition(since) ?? START;
  const isStart = from.epoch === START.epoch && from.rev === START.rev;
  if (isStart || (from.epoch === epoch && from.rev <= rev)) {
    return { reply: changesAfter(context, from.rev, payload) };
  }
  return { reply: { ...changesAfter(context, rev, payload), reset: true } };
};

/** A page of changes, oldest first; its position is where the next one begins. */
function changesAfter(
  context: InboxContext,
  from: number,
  { limit = inboxLimits.pageDefault }: InboxPayload<'openInbox'>,
): InboxReply<'openInbox'> {
  const { accounts, conversations, userId, actor, limits } = context;
  const { epoch, rev } = accounts.read(userId);
  const page = pageOf(conversations.changedAfter(userId, from, limit + 1), limit);
  const visible = page.items.filter((one) => isVisibleTo(actor.identity, one.roomId, limits));
  const removed = visible.filter(({ gone }) => gone).map(({ roomId }) => roomId);
  const last = page.hasMore ? (page.items.at(-1)?.inboxRev ?? rev) : rev;
  return {
    epoch,
    position: formatPosition({ epoch, rev: last }),
    conversations: visible.filter(({ gone }) => !gone).map((one) => shown(one, false)),
    ...(removed.length > 0 && { removed }),
    hasMore: page.hasMore,
    totals: totalsOf(context, actor.identity),
  };
}
