import type { Reply } from '../../protocol/commands.ts';
import type { Context } from '../context.ts';

/** A read position of the actor, with the counts of unread messages and mentions above it. */
export function unreadOf(
  { unreadMessages, mentions, actor }: Context,
  readUpTo: number,
): Reply<'markRead'> {
  const { userId } = actor.identity;
  return {
    readUpTo,
    unread: unreadMessages.count(userId, readUpTo),
    unreadMentions: mentions.countUnread(userId, readUpTo),
  };
}
