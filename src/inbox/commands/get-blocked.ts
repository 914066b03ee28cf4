import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import type { InboxHandler } from '../context.ts';

/** A page of the users whom the user has blocked, by user id. */
export const getBlocked: InboxHandler<'getBlocked'> = ({ blocks, userId }, payload) => {
  const { after = '', limit = inboxLimits.pageDefault } = payload;
  const found = blocks.after(userId, after, limit + 1);
  const users = found.slice(0, limit).map((blockedId) => ({ userId: blockedId }));
  return { reply: { users, hasMore: found.length > limit } };
};
