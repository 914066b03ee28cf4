import type { ConversationState } from '../../protocol/inbox-objects.ts';
import type { InboxContext } from '../context.ts';
import type { StoredConversation } from '../storage/conversations.ts';

interface TakeContext extends Pick<
  InboxContext,
  'accounts' | 'conversations' | 'change' | 'userId'
> {
  /** Updates the user's notice of this room. */
  note(roomId: string, state: ConversationState): void;
  /** Has the room erase the user. */
  eraseIn(roomId: string): void;
}

/** The clocks of two hosts differ by at most this, in milliseconds. */
const CLOCKS_DIFFER_MS = 1_000;

/**
 * Takes a state of a conversation from its room. States arrive in any order, twice, or late: only a
 * higher version replaces the stored one. One of the same version may bring newer counts.
 * @returns the conversation with counts that may only be shown to connections, not stored;
 * else undefined
 */
export function take(
  context: TakeContext,
  roomId: string,
  state: ConversationState,
): StoredConversation | undefined {
  const { accounts, conversations, userId, change } = context;
  const known = conversations.find(userId, roomId);
  const { floor } = accounts.read(userId);
  if (known === undefined && isErased(state, floor)) {
    context.eraseIn(roomId);
    return undefined;
  }
  if (state.version <= floor) return undefined;
  // The update with this version is still under way. If these counts were stored under its version,
  // they would stay when it arrives.
  if (state.live === true && state.version !== known?.version) return undefined;
  if (known !== undefined && state.version === known.version) return recount(context, known, state);
  if (known !== undefined && state.version < known.version) return undefined;
  // Also stored for a room that is gone and was never known, but then no event is sent.
  change(replaced(roomId, known, state));
  context.note(roomId, state);
  return undefined;
}

/** Whether the user was in the room when they were erased, without the inbox knowing the room. */
function isErased({ gone, since = Infinity }: ConversationState, floor: number): boolean {
  return gone !== true && floor > 0 && since <= floor + CLOCKS_DIFFER_MS;
}

function replaced(
  roomId: string,
  known: StoredConversation | undefined,
  state: ConversationState,
): StoredConversation {
  const { gone = false, notice: _, since: __, ...fields } = state;
  const hasRead = known !== undefined && fields.readUpTo > known.readUpTo;
  const becomesUnread = fields.unread > 0 && fields.notify !== 'none';
  if (gone) {
    const { topic: ___, with: ____, last: _____, ...rest } = fields;
    return { ...rest, roomId, gone, inboxRev: 0, ...NO_CHOICES, unread: 0, unreadMentions: 0 };
  }
  return {
    ...fields,
    roomId,
    gone,
    inboxRev: 0,
    pinned: known?.pinned ?? false,
    archived: becomesUnread ? false : (known?.archived ?? false),
    unreadFrom: hasRead ? null : (known?.unreadFrom ?? null),
    draft: known?.draft ?? null,
  };
}

const NO_CHOICES = { pinned: false, archived: false, unreadFrom: null, draft: null };

/**
 * Takes newer counts of the stored version. Counts that change whether the conversation is unread, or
 * its mentions, are shown and not stored: the room has not sent them in an update, and may never do so.
 */
function recount(
  { change }: TakeContext,
  known: StoredConversation,
  { asOf, gone, unread, unreadMentions, last, live }: ConversationState,
): StoredConversation | undefined {
  if (known.gone || gone || asOf <= known.asOf) return undefined;
  const { last: before, ...rest } = known;
  const newest = last ?? before;
  const counted = { ...rest, asOf, unread, ...(newest !== undefined && { last: newest }) };
  const isSame = counted.unread === known.unread && last?.seq === before?.seq;
  // Other counts may have been shown in between.
  if (isSame) return live === true ? { ...counted, unreadMentions } : undefined;
  const changesUnread = unread > 0 !== known.unread > 0 || unreadMentions !== known.unreadMentions;
  if (changesUnread) return { ...counted, unreadMentions };
  change(counted);
  return undefined;
}
