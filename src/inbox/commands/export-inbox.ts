import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import { isVisibleTo, shown } from '../conversations/shown.ts';
import type { InboxHandler } from '../context.ts';

/** A page of all rooms that the inbox ever held, by id, for the export of its user. */
export const exportInbox: InboxHandler<'exportInbox'> = (context, { after = '' }) => {
  const { conversations, userId, actor, limits } = context;
  const roomIds = conversations.roomsAfter(userId, after, inboxLimits.pageDefault);
  const isLast = roomIds.length < inboxLimits.pageDefault;
  const rooms = roomIds
    .filter((roomId) => isVisibleTo(actor.identity, roomId, limits))
    .map((roomId) => {
      const stored = conversations.find(userId, roomId);
      const isThere = stored !== undefined && !stored.gone;
      return { roomId, ...(isThere && { conversation: shown(stored, true) }) };
    });
  const next = isLast ? undefined : roomIds.at(-1);
  return { reply: { rooms, ...(next !== undefined && { next }) } };
};
