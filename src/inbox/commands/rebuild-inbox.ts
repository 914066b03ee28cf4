import { unavailable } from '../../protocol/codes/errors.ts';
import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import { askRoom } from '../conversations/ask-room.ts';
import type { InboxHandler } from '../context.ts';

/** Asks some of the rooms that the inbox ever held for their state; send it again until it is done. */
export const rebuildInbox: InboxHandler<'rebuildInbox'> = (context) => {
  const { accounts, conversations, userId } = context;
  const from = accounts.read(userId).rebuiltTo ?? '';
  const roomIds = conversations.roomsAfter(userId, from, inboxLimits.rebuildRooms);
  if (roomIds.length === 0) return { reply: { done: true, left: 0 } };
  return {
    asks: roomIds.map((roomId) => askRoom(context, roomId)),
    resume: (later, answers) => {
      if (answers.some((answer) => answer?.result.ok !== true)) throw unavailable();
      const last = roomIds.at(-1) ?? '';
      const left = later.conversations.countAfter(userId, last);
      later.accounts.setRebuiltTo(userId, left === 0 ? null : last);
      return { reply: { done: left === 0, left } };
    },
  };
};
