import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import type { UpkeepContext } from '../context.ts';
import type { SentState, SentStates } from '../storage/sent-states.ts';
import {
  editionOf,
  keptOutUntil,
  type Signature,
  signatureOf,
  sentSignature,
} from './signature.ts';

/** The target under which deliveries to a user's inbox are stored. */
export const INBOX_TARGET = 'inbox:';

/**
 * Compares what was last sent to a user's inbox with the current state. A difference is sent now, or
 * later if seconds do not matter. A user who was kicked out is evaluated again when they may come back.
 * @param atOnce also sends now what could wait
 */
export function evaluate(context: UpkeepContext, userId: string, atOnce = false): void {
  const { sentStates: store, now } = context;
  const sent = store.find(userId);
  const current = signatureOf(context, userId, sent);
  const before = sentSignature(sent);
  if (isSame(before, current)) {
    const next = keptOutUntil(context, userId);
    if (sent !== undefined && sent.due !== next) keep(store, { ...sent, due: next });
    return;
  }
  const due = atOnce ? now : dueAt(context, userId, sent, before, current);
  if (due <= now || sent === undefined) send(context, userId, sent, current);
  else postpone(context, sent, due);
}

/** Keeps a due time that is set already and sooner, so that evaluating again writes nothing. */
function postpone({ sentStates: store, now }: UpkeepContext, sent: SentState, due: number): void {
  const isSet = sent.due !== null && sent.due > now && sent.due <= due;
  if (!isSet) store.put({ ...sent, due });
}

function isSame(before: Signature | undefined, current: Signature | undefined): boolean {
  return JSON.stringify(before) === JSON.stringify(current);
}

/** Stores a user's row; for a user without the conversation only while it holds their own choices. */
function keep(store: SentStates, sent: SentState): void {
  const { state, notify, blocks, opened } = sent;
  if (state !== null || notify !== null || blocks || opened) store.put(sent);
  else store.remove(sent.userId);
}

function send(
  context: UpkeepContext,
  userId: string,
  sent: SentState | undefined,
  current: Signature | undefined,
): void {
  const { sentStates: store, deliveries, roomId, now } = context;
  const after: SentState = {
    userId,
    state: current === undefined ? null : JSON.stringify(current),
    version: store.nextVersion(now),
    at: now,
    lastSeq: current?.last?.seq ?? null,
    due: keptOutUntil(context, userId),
    notify: sent?.notify ?? null,
    blocks: sent?.blocks ?? false,
    opened: sent?.opened ?? false,
  };
  keep(store, after);
  deliveries.add(`${INBOX_TARGET}${userId}`, roomId);
}

/** When to send a difference, in epoch milliseconds; a time in the past means now. */
function dueAt(
  context: UpkeepContext,
  userId: string,
  sent: SentState | undefined,
  before: Signature | undefined,
  current: Signature | undefined,
): number {
  const { connections, unreadMessages, members, now } = context;
  if (sent === undefined || before === undefined || current === undefined) return now;
  const isPresent = connections.joinedOf(userId).length > 0;
  if (current.unread && !before.unread) {
    if (!isPresent) return now;
    const readUpTo = members.find(userId)?.readUpTo ?? 0;
    const first = unreadMessages.oldest(userId, readUpTo);
    // The oldest is not found behind 10,000 messages of the user's own.
    if (first === undefined) return now;
    const { pushWaitMs, presentMs } = inboxLimits;
    return first.timestamp + (isNotified(current) ? pushWaitMs : presentMs);
  }
  if (!isLazy(before, current) || (!isPresent && isUnreadAgain(before, current))) return now;
  const sentAt = Math.min(sent.at, now);
  if (before.unreadMentions !== current.unreadMentions) return sentAt + mentionsDelay(before);
  if (isLastGone(context, before)) return now;
  if (!isPresent || current.unread) return sentAt + inboxLimits.presentMs;
  const latest = sentAt + inboxLimits.readEveryMs;
  return latest <= now ? now : Math.min(latest, now + inboxLimits.readLookMs);
}

/** Whether the user is notified of an unread message. */
function isNotified({ notify, unreadMentions }: Signature): boolean {
  return notify === 'all' || (notify === 'mentions' && unreadMentions > 0);
}

/** Whether the difference of two signatures may be sent later. */
function isLazy(before: Signature, current: Signature): boolean {
  const { readUpTo, unreadMentions, last } = before;
  const alike = { ...current, readUpTo, unreadMentions, last };
  if (!isSame(before, alike)) return false;
  return before.unread || unreadMentions === current.unreadMentions;
}

/**
 * Whether all that was sent as unread has been read, and something newer is unread: two changes in a
 * second.
 */
function isUnreadAgain({ unread, last }: Signature, current: Signature): boolean {
  return unread && current.unread && last !== null && current.readUpTo >= last.seq;
}

/** Whether the message of the excerpt that was sent has changed or is gone. */
function isLastGone({ messages }: UpkeepContext, { last }: Signature): boolean {
  if (last === null) return false;
  const message = messages.find(last.seq);
  if (message === undefined || message.deletedAt !== undefined) return true;
  return editionOf(message) !== last.editedAt;
}

/**
 * Delay of new mentions of a user who does not read, in milliseconds: a second for the first one, then
 * a minute for each mention already sent, up to an hour.
 */
function mentionsDelay({ unreadMentions }: Signature): number {
  if (unreadMentions === 0) return inboxLimits.gatherMs;
  return Math.min(unreadMentions * inboxLimits.presentMs, inboxLimits.readEveryMs);
}
