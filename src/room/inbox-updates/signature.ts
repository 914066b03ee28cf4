import { isDirect, type Notify } from '../../protocol/inbox-objects.ts';
import { isReserved } from '../../protocol/identity.ts';
import type { Message, Role } from '../../protocol/objects.ts';
import type { UpkeepContext } from '../context.ts';
import type { KnownMember } from '../storage/members.ts';
import type { SentState } from '../storage/sent-states.ts';

/** The part of a conversation whose change an inbox always gets. Other changes alone send nothing. */
export interface Signature {
  topic: string | null;
  with: { userId: string; username: string } | null;
  role: Role;
  readUpTo: number;
  unread: boolean;
  unreadMentions: number;
  notify: Notify;
  /** The message whose excerpt is shown, and when it was edited; null also for a user who was kicked out. */
  last: { seq: number; editedAt: number | null } | null;
  /** Since when the user has had the conversation, in epoch milliseconds; absent when that is not known. */
  since?: number | undefined;
}

/** The current signature of a user's conversation; undefined when they have none. */
export function signatureOf(
  context: UpkeepContext,
  userId: string,
  sent: SentState | undefined,
): Signature | undefined {
  const member = listedMember(context, userId);
  if (member === undefined) return undefined;
  const { unreadMessages, state } = context;
  const isOneToOne = isDirect(context.roomId);
  const unread = sent?.blocks !== true && unreadMessages.hasAny(userId, member.readUpTo);
  if (isOneToOne && sent?.opened !== true && !(unread || hasSpoken(context, sent))) {
    return undefined;
  }
  const unreadMentions = unread ? context.mentions.countUnread(userId, member.readUpTo) : 0;
  const before = sentSignature(sent);
  return {
    topic: state.topic,
    with: isOneToOne ? otherOf(context, userId) : null,
    role: member.role,
    readUpTo: member.readUpTo,
    unread,
    unreadMentions,
    notify: notifyOf(context, sent),
    last: mayRead(context, userId) ? lastSent(context, sent, unread, unreadMentions) : null,
    since: before === undefined ? context.now : before.since,
  };
}

/** What a user wants to be notified of. */
export function notifyOf({ roomId }: UpkeepContext, sent: SentState | undefined): Notify {
  return sent?.notify ?? (isDirect(roomId) ? 'all' : 'mentions');
}

/** A member whose inbox lists the room. */
export function listedMember(
  { members, state }: UpkeepContext,
  userId: string,
): KnownMember | undefined {
  if (state.deletion !== null || isReserved(userId)) return undefined;
  const member = members.find(userId);
  return member === undefined || member.role === 'none' || member.banned ? undefined : member;
}

/** Until when a member who was kicked out may not read what is said, in epoch milliseconds; null: they may. */
export function keptOutUntil({ members, now }: UpkeepContext, userId: string): number | null {
  const until = members.find(userId)?.kickedUntil ?? 0;
  return until > now ? until : null;
}

/** Whether a member may read what is said now: one who was kicked out may not until they may come back. */
export function mayRead(context: UpkeepContext, userId: string): boolean {
  return keptOutUntil(context, userId) === null;
}

/**
 * Whether a direct room is shown to the user who did not open it: from its first message on, unless
 * that user had blocked the other before.
 */
function hasSpoken({ state }: UpkeepContext, sent: SentState | undefined): boolean {
  return state.rev > 0 && (sent?.blocks !== true || sent.state !== null);
}

function otherOf({ members }: UpkeepContext, userId: string): Signature['with'] {
  const other = members.after('', 2).find((member) => member.userId !== userId);
  return other === undefined ? null : { userId: other.userId, username: other.username };
}

/**
 * The message whose excerpt is shown. While the inbox shows "unread" that stays the same, unless the
 * message is gone, the number of mentions changes, or the user wants to be notified of every message.
 */
function lastSent(
  context: UpkeepContext,
  sent: SentState | undefined,
  unread: boolean,
  unreadMentions: number,
): Signature['last'] {
  const { messages, room } = context;
  const before = sentSignature(sent);
  const isSilent = unread && notifyOf(context, sent) !== 'all';
  const kept =
    before?.unread === true && isSilent && before.unreadMentions === unreadMentions && before.last
      ? messages.find(before.last.seq)
      : undefined;
  const last = kept?.deletedAt === undefined ? (kept ?? undefined) : undefined;
  const shown = last ?? messages.newest(room.read());
  return shown === undefined ? null : { seq: shown.seq, editedAt: editionOf(shown) };
}

/** When a message was last edited; 0 for one that still grows, null for one that never was. */
export function editionOf({ editedAt, streaming }: Message): number | null {
  return streaming === true ? 0 : (editedAt ?? null);
}

/** The signature last sent, if any. */
export function sentSignature(sent: SentState | undefined): Signature | undefined {
  if (sent?.state === undefined || sent.state === null) return undefined;
  return JSON.parse(sent.state) as Signature;
}
