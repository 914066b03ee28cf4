import { Refusal, refusalOf } from '../../protocol/codes/errors.ts';
import type { InboxPayload, InboxReply } from '../../protocol/inbox-commands.ts';
import { isVisibleTo, shown } from '../conversations/shown.ts';
import type { InboxContext, InboxHandler, Step } from '../context.ts';
import type { Ask } from '../ports.ts';
import type { StoredConversation } from '../storage/conversations.ts';

type Payload = InboxPayload<'setConversation'>;

/** Sets the given fields. The read position and the notification level are stored in the room. */
export const setConversation: InboxHandler<'setConversation'> = (context, payload) => {
  findConversation(context, payload.roomId);
  const asks = asksOf(context, payload);
  if (asks.length === 0) return choose(context, payload);
  return {
    asks,
    resume: (later, answers) => {
      for (const answer of answers) {
        if (answer?.result.ok === false) throw refusalOf(answer.result.error);
      }
      return choose(later, payload);
    },
  };
};

function asksOf({ actor }: InboxContext, { roomId, notify, readUpTo }: Payload): Ask[] {
  if (notify === undefined && readUpTo === undefined) return [];
  const payload = { roomId, notify, readUpTo };
  return [{ to: { room: roomId }, identity: actor.identity, name: 'setReading', payload }];
}

function choose(context: InboxContext, payload: Payload): Step<InboxReply<'setConversation'>> {
  const before = findConversation(context, payload.roomId);
  const { pinned, archived, draft, unreadFrom, readUpTo } = payload;
  const after: StoredConversation = {
    ...before,
    pinned: pinned ?? before.pinned,
    archived: archived ?? before.archived,
    draft: draft === undefined ? before.draft : draft === '' ? null : draft,
    unreadFrom:
      unreadFrom === undefined ? (readUpTo === undefined ? before.unreadFrom : null) : unreadFrom,
  };
  const isSame = JSON.stringify(before) === JSON.stringify(after);
  const what = after.draft === before.draft ? undefined : 'draft';
  const stored = isSame ? before : context.change(after, what);
  return { reply: { conversation: shown(stored, true) } };
}

/** @throws Refusal `room_not_found` for a room that is not in the inbox, or not for this token */
export function findConversation(context: InboxContext, roomId: string): StoredConversation {
  assertVisible(context, roomId);
  const found = context.conversations.find(context.userId, roomId);
  if (found?.gone !== false) throw notInInbox();
  return found;
}

/** @throws Refusal `room_not_found` for a room that this token does not name */
export function assertVisible({ actor, limits }: InboxContext, roomId: string): void {
  if (!isVisibleTo(actor.identity, roomId, limits)) throw notInInbox();
}

function notInInbox(): Refusal {
  return new Refusal('room_not_found', 'This room is not in your inbox.');
}
