import { type ConversationState, isDirect } from '../../protocol/inbox-objects.ts';
import type { UpkeepContext } from '../context.ts';
import { evaluate } from './evaluate.ts';
import { lastOf } from './excerpt.ts';
import { noticeMessage } from './notice.ts';
import { mayRead, sentSignature } from './signature.ts';

/**
 * The state to send to a user's inbox: the stored signature and its version, with the current counts
 * and excerpt. Without a row the state is that the conversation is gone.
 */
export function stateOf(context: UpkeepContext, userId: string): ConversationState {
  const { sentStates: store, members, messages, unreadMessages, roomId, now } = context;
  const sent = store.find(userId);
  const signature = sentSignature(sent);
  const kind = isDirect(roomId) ? ('direct' as const) : ('room' as const);
  if (sent === undefined || signature === undefined || signature.role === undefined) {
    const version = Math.max(store.state().version, sent?.version ?? 0, 1);
    return { ...NOTHING, version, asOf: now, gone: true, kind, at: now };
  }
  const { topic, with: other, role, readUpTo, unread, notify, last, since } = signature;
  const actual = members.find(userId)?.readUpTo ?? readUpTo;
  const isHidden = last === null || !mayRead(context, userId);
  const message = isHidden ? undefined : messages.find(last.seq);
  const isShown = message !== undefined && message.deletedAt === undefined;
  const notice = unread ? noticeMessage(context, userId, sent) : undefined;
  return {
    version: sent.version,
    asOf: now,
    kind,
    ...(topic !== null && { topic }),
    ...(other !== null && { with: other }),
    ...(isShown && { last: lastOf(message) }),
    role,
    readUpTo,
    unread: unread ? Math.max(1, unreadMessages.count(userId, actual)) : 0,
    unreadMentions: signature.unreadMentions,
    notify,
    ...(notice !== undefined && { notice: { seq: notice.seq, at: notice.timestamp } }),
    at: sent.at,
    ...(since !== undefined && { since }),
  };
}

const NOTHING = {
  role: 'none',
  readUpTo: 0,
  unread: 0,
  unreadMentions: 0,
  notify: 'mentions',
} as const;

/** The body of a delivery to a user's inbox. */
export function bodyOf(context: UpkeepContext, userId: string): string {
  return JSON.stringify(stateOf(context, userId));
}

/**
 * The current state of a user's conversation, including every change that could wait. A room without
 * storage answers with a version above all that it ever sent.
 */
export function currentState(context: UpkeepContext, userId: string): ConversationState {
  const { sentStates, now } = context;
  // The command may have changed the room since its row was read.
  const state = context.room.read();
  const later = { ...context, state };
  evaluate(later, userId, true);
  const current = liveState(later, userId);
  if (current.gone !== true) return current;
  const isThere = state.createdAt > 0 || state.deletion !== null;
  return { ...current, version: isThere ? sentStates.nextVersion(now) : now };
}

/** The state last sent to the inbox, with the current counts and the newest message. */
export function liveState(context: UpkeepContext, userId: string): ConversationState {
  const state = stateOf(context, userId);
  if (state.gone === true) return state;
  const { messages, unreadMessages, members, mentions, sentStates } = context;
  const readUpTo = members.find(userId)?.readUpTo ?? state.readUpTo;
  const counts = sentStates.find(userId)?.blocks !== true;
  const newest = mayRead(context, userId) ? messages.newest(context.state) : undefined;
  return {
    ...state,
    unread: counts ? unreadMessages.count(userId, readUpTo) : 0,
    unreadMentions: counts ? mentions.countUnread(userId, readUpTo) : 0,
    ...(newest !== undefined && { last: lastOf(newest) }),
  };
}
