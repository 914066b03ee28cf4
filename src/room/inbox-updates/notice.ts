import { isDirect, type Notice } from '../../protocol/inbox-objects.ts';
import type { Message } from '../../protocol/objects.ts';
import type { UpkeepContext } from '../context.ts';
import type { SentState } from '../storage/sent-states.ts';
import { lastOf } from './excerpt.ts';
import { listedMember, mayRead, notifyOf } from './signature.ts';

/**
 * The newest unread message that a user is to be notified of: any message of others if they chose
 * `all`, else one that mentions them. A streaming message counts when it has ended.
 */
export function noticeMessage(
  context: UpkeepContext,
  userId: string,
  sent: SentState | undefined,
): Message | undefined {
  const notify = notifyOf(context, sent);
  const member = listedMember(context, userId);
  if (member === undefined || sent?.blocks === true || notify === 'none') return undefined;
  if (!mayRead(context, userId)) return undefined;
  const { messages, unreadMessages, mentions } = context;
  const seq =
    notify === 'all'
      ? unreadMessages.newest(userId, member.readUpTo)
      : mentions.newestUnread(userId, member.readUpTo);
  return seq === undefined ? undefined : messages.find(seq);
}

/** The content of a notification about that message; undefined when there is none. */
export function noticeOf(context: UpkeepContext, userId: string): Notice | undefined {
  const { unreadMessages, members, sentStates, roomId, state } = context;
  const message = noticeMessage(context, userId, sentStates.find(userId));
  if (message === undefined) return undefined;
  return {
    ...lastOf(message),
    kind: isDirect(roomId) ? 'direct' : 'room',
    ...(state.topic !== null && { topic: state.topic }),
    mention: message.mentions?.includes(userId) === true,
    unread: unreadMessages.count(userId, members.find(userId)?.readUpTo ?? 0),
  };
}
