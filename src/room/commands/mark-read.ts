import type { Reply } from '../../protocol/commands.ts';
import type { Context, Handler } from '../context.ts';
import { ensureMember, actorName } from '../access/actor.ts';

/** A read position only grows, and never beyond the room. */
export const markRead: Handler<'markRead'> = (context, payload) => {
  const { members, state, access, actor } = context;
  const { userId } = actor.identity;
  const readUpTo = Math.min(payload.readUpTo, state.rev);
  const before = access.isListed ? (access.member?.readUpTo ?? 0) : undefined;
  if (state.rev === 0 || (before !== undefined && readUpTo <= before)) {
    return { reply: readingOf(context, before ?? state.rev) };
  }
  const member = ensureMember(context, actorName(context, undefined, 'username'));
  members.put({ ...member, readUpTo });
  return { reply: readingOf(context, readUpTo), receipt: { userId, readUpTo } };
};

/** Where a user stands; a newcomer has read everything. */
export function readingOf(
  { messages, mentions, actor }: Context,
  readUpTo: number,
): Reply<'markRead'> {
  const { userId } = actor.identity;
  return {
    readUpTo,
    unread: messages.countUnread(userId, readUpTo),
    unreadMentions: mentions.countUnread(userId, readUpTo),
  };
}
