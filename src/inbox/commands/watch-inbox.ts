import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import { askRoom } from '../conversations/ask-room.ts';
import { isVisibleTo } from '../conversations/shown.ts';
import type { InboxHandler } from '../context.ts';

/** Asks the rooms on a user's screen to send each change as it happens, for two minutes. */
export const watchInbox: InboxHandler<'watchInbox'> = (context, { roomIds }) => {
  const { conversations, userId, actor, limits } = context;
  const watched = [...new Set(roomIds)].filter((roomId) => {
    const known = conversations.find(userId, roomId);
    return known?.gone === false && isVisibleTo(actor.identity, roomId, limits);
  });
  if (watched.length === 0) return { reply: {} };
  return {
    asks: watched.map((roomId) => askRoom(context, roomId, inboxLimits.watchMs)),
    resume: () => ({ reply: {} }),
  };
};
