import { Refusal, unavailable } from '../../protocol/codes/errors.ts';
import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import { isReserved } from '../../protocol/identity.ts';
import { service } from '../conversations/ask-room.ts';
import { shown } from '../conversations/shown.ts';
import type { InboxContext, InboxHandler } from '../context.ts';
import type { Admission, Answer } from '../ports.ts';

/** One answer for every obstacle, so that it reveals nothing about the other user. */
const NOT_FOUND = 'There is no such user for you to write to.';

/**
 * Opens the direct room with another user, in whose inbox it appears with the first message. The other
 * user's inbox says whether it may be opened; the requests are the same whatever it says.
 */
export const openDirect: InboxHandler<'openDirect'> = (context, { userId: other }) => {
  const { conversations, userId, actor } = context;
  if (other === userId || isReserved(other)) throw notFound();
  const { name } = actor.identity;
  const rooms = conversations.sharedRooms(userId);
  const identity = service(userId);
  return {
    asks: [
      { to: { inbox: other }, identity, name: 'admitDirect', payload: { userId, rooms } },
      { to: { direct: other }, identity, name: 'peekDirect', payload: { userId, other } },
    ],
    resume: (later, [admitted, room]) => {
      if (admitted?.result.ok !== true || room?.result.ok !== true) throw unavailable();
      const { isAdmitted, isBlocked } = admitted.result as object as Admission;
      const { isOpen } = room.result as object as { isOpen: boolean };
      if (isBlocked || !(isAdmitted || isOpen)) throw notFound();
      if (!isOpen) assertNotTooMany(later);
      const payload = { userId, other, username: name };
      return {
        asks: [{ to: { direct: other }, identity, name: 'openDirect', payload }],
        resume: (last, [opened]) => ({ reply: { conversation: remember(last, opened) } }),
      };
    },
  };
};

function notFound(): Refusal {
  return new Refusal('member_not_found', NOT_FOUND);
}

/** @throws Refusal `rate_limited` */
function assertNotTooMany({ directs, userId, now }: InboxContext): void {
  if (directs.countSince(userId, now) < inboxLimits.directsPerDay) return;
  throw new Refusal(
    'rate_limited',
    'You have begun many new conversations today; go on tomorrow.',
    {
      retryAfterMs: 3_600_000,
    },
  );
}

function remember(context: InboxContext, opened: Answer | undefined) {
  const { conversations, directs, userId, now } = context;
  if (opened?.roomId === undefined || !opened.result.ok) throw notFound();
  if ('created' in opened.result) directs.add(userId, opened.roomId, now);
  const stored = conversations.find(userId, opened.roomId);
  if (stored === undefined || stored.gone) throw notFound();
  return shown(stored, true);
}
