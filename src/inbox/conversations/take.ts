import type { ConversationState } from '../../protocol/inbox-objects.ts';
import type { InboxContext } from '../context.ts';
import type { StoredConversation } from '../storage/conversations.ts';

interface TakeContext extends Pick<
  InboxContext,
  'accounts' | 'conversations' | 'change' | 'userId'
> {
  /** Sees to what the user is to be notified of. */
  note(roomId: string, state: ConversationState): void;
  /** Has the room erase the user. */
  eraseIn(roomId: string): void;
}

/** Clocks of two hosts differ by less, in milliseconds. */
const CLOCKS_DIFFER_MS = 1_000;

/**
 * Takes what a room says of a conversation. States arrive in any order, twice, or late: only a higher
 * version replaces what is known. One of the same version may bring newer counts.
 * @returns the conversation with counts that are for connections alone, where it may not be stored
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
  // The update is on its way. These counts, stored under its version, would stay when it comes.
  if (state.live === true && state.version !== known?.version) return undefined;
  if (known !== undefined && state.version === known.version) return recount(context, known, state);
  if (known !== undefined && state.version < known.version) return undefined;
  // That a room is gone which was never there is worth remembering, and nothing to tell.
  change(replaced(roomId, known, state));
  context.note(roomId, state);
  return undefined;
}

/** Whether the user was in the room when they were erased, and the inbox did not know of it. */
function isErased({ gone, since = Infinity }: ConversationState, floor: number): boolean {
  return gone !== true && floor > 0 && since <= floor + CLOCKS_DIFFER_MS;
}

function replaced(
  roomId: string,
  known: StoredConversation | undefined,
  state: ConversationState,
): StoredConversation {
  const { gone = false, notice: _, since: __, ...said } = state;
  const hasRead = known !== undefined && said.readUpTo > known.readUpTo;
  const becomesUnread = said.unread > 0 && said.notify !== 'none';
  if (gone) {
    const { topic: ___, with: ____, last: _____, ...rest } = said;
    return { ...rest, roomId, gone, inboxRev: 0, ...NO_CHOICES, unread: 0, unreadMentions: 0 };
  }
  return {
    ...said,
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
 * Newer counts of the version that is known. Counts that turn a conversation are shown and not stored:
 * the room has not told them for sure, and may never tell them again.
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
  // Other counts may have been shown meanwhile.
  if (isSame) return live === true ? { ...counted, unreadMentions } : undefined;
  const turns = unread > 0 !== known.unread > 0 || unreadMentions !== known.unreadMentions;
  if (turns) return { ...counted, unreadMentions };
  change(counted);
  return undefined;
}
