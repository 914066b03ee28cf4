import { Refusal, unavailable } from '../../protocol/codes/errors.ts';
import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import { isReserved } from '../../protocol/identity.ts';
import type { InboxReply } from '../../protocol/inbox-commands.ts';
import { service } from '../conversations/ask-room.ts';
import { shown } from '../conversations/shown.ts';
import type { InboxContext, InboxHandler, PendingDecision } from '../context.ts';
import type { Admission, Answer, Ask } from '../ports.ts';

type Pending = PendingDecision<InboxReply<'openDirect'>>;

/** One answer for every obstacle, so that it reveals nothing about the other user. */
const NOT_FOUND = 'There is no such user for you to write to.';

/**
 * Opens the direct room with another user, in whose inbox it appears with the first message. The other
 * user's inbox says whether it may be opened; the first requests are the same whatever it says.
 */
export const openDirect: InboxHandler<'openDirect'> = (context, { userId: other }) => {
  const { userId } = context;
  if (other === userId || isReserved(other)) throw notFound();
  return {
    asks: [
      askAdmission(context, other),
      askDirect(context, other, 'peekDirect', { userId, other }),
    ],
    resume: (later, [admitted, room]) => {
      if (room?.result.ok !== true) throw unavailable();
      const { isOpen } = room.result as object as { isOpen: boolean };
      assertAdmitted(admitted, isOpen);
      if (isOpen) return open(later, other);
      assertNotTooMany(later);
      return prepare(later, other);
    },
  };
};

/**
 * Makes the room, then asks the other user's inbox again: a block that was stored since then found no
 * room to keep it, and a later one does.
 */
function prepare(context: InboxContext, other: string): Pending {
  return {
    asks: [askDirect(context, other, 'prepareDirect', {})],
    resume: (later, [prepared]) => {
      if (prepared?.result.ok !== true) throw unavailable();
      return {
        asks: [askAdmission(later, other)],
        resume: (last, [admitted]) => {
          assertAdmitted(admitted, false);
          return open(last, other);
        },
      };
    },
  };
}

/** Opens the room, which does not know a block from before it was made. */
function open(context: InboxContext, other: string): Pending {
  const { userId, actor, blocks } = context;
  const username = actor.identity.name;
  const payload = { userId, other, username, ...(blocks.has(userId, other) && { blocks: true }) };
  return {
    asks: [askDirect(context, other, 'openDirect', payload)],
    resume: (later, [opened]) => {
      const reply = (last: InboxContext) => ({ reply: { conversation: remember(last, opened) } });
      const isUnblocked = payload.blocks === true && !later.blocks.has(userId, other);
      if (!isUnblocked) return reply(later);
      const unblocked = { userId, other, blocked: false };
      return { asks: [askDirect(later, other, 'setBlocked', unblocked)], resume: reply };
    },
  };
}

function askAdmission({ conversations, userId }: InboxContext, other: string): Ask {
  const payload = { userId, rooms: conversations.sharedRooms(userId) };
  return { to: { inbox: other }, identity: service(userId), name: 'admitDirect', payload };
}

function askDirect({ userId }: InboxContext, other: string, name: string, payload: object): Ask {
  return { to: { direct: other }, identity: service(userId), name, payload };
}

function notFound(): Refusal {
  return new Refusal('member_not_found', NOT_FOUND);
}

/** @throws Refusal `member_not_found`, or `unavailable` when the other user's inbox did not answer */
function assertAdmitted(answer: Answer | undefined, isOpen: boolean): void {
  if (answer?.result.ok !== true) throw unavailable();
  const { isAdmitted, isBlocked } = answer.result as object as Admission;
  if (isBlocked || !(isAdmitted || isOpen)) throw notFound();
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
