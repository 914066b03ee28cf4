import type { Limits } from '../../protocol/codes/limits.ts';
import type { Conversation, Totals } from '../../protocol/inbox-objects.ts';
import { isDirect } from '../../protocol/inbox-objects.ts';
import type { Identity } from '../../protocol/identity.ts';
import { accessOf } from '../../room/access/access.ts';
import type { InboxContext } from '../context.ts';
import type { StoredConversation } from '../storage/conversations.ts';

/** A conversation as its user sees it. @param isWhole whether to include the draft itself */
export function shown(stored: StoredConversation, isWhole: boolean): Conversation {
  const { roomId, inboxRev, kind, topic, with: other, last, role, readUpTo, notify } = stored;
  const { unread, unreadMentions, unreadFrom, pinned, archived, draft, at } = stored;
  return {
    roomId,
    rev: inboxRev,
    kind,
    ...(topic !== undefined && { topic }),
    ...(other !== undefined && { with: other }),
    ...(last !== undefined && { last }),
    role,
    readUpTo,
    unread: unreadFrom === null ? unread : Math.max(1, unread),
    unreadMentions,
    ...(unreadFrom !== null && { unreadFrom }),
    notify,
    ...(pinned && { pinned }),
    ...(archived && { archived }),
    ...(draft !== null && (isWhole ? { draft } : { hasDraft: true as const })),
    activityAt: at,
  };
}

/**
 * Whether an identity may see a room in its inbox: with `ROOM_ACCESS=token`, direct rooms and those
 * that its token names.
 */
export function isVisibleTo(identity: Identity, roomId: string, limits: Limits): boolean {
  if (!limits.tokenRoomsOnly || isDirect(roomId)) return true;
  return accessOf(identity, roomId, undefined).isGranted;
}

/** The totals of the conversations that an identity may see. */
export function totalsOf(
  { conversations, limits }: Pick<InboxContext, 'conversations' | 'limits'>,
  identity: Identity,
): Totals {
  if (!limits.tokenRoomsOnly) return conversations.totals(identity.userId);
  const unread = conversations
    .unread(identity.userId)
    .filter(({ roomId }) => isVisibleTo(identity, roomId, limits));
  const mentions = unread.filter(({ unreadMentions }) => unreadMentions > 0).length;
  return { unread: unread.length, mentions };
}
