import { invalidField, refusalOf } from '../../protocol/codes/errors.ts';
import { isReserved } from '../../protocol/identity.ts';
import type { InboxPayload } from '../../protocol/inbox-commands.ts';
import { service } from '../conversations/ask-room.ts';
import type { InboxContext, InboxHandler, Step } from '../context.ts';
import type { Answer } from '../ports.ts';

/** Blocks a user: their direct messages neither count nor notify, and they open no direct room. */
export const blockUser: InboxHandler<'blockUser'> = (context, payload) =>
  setBlocked(context, payload, true);

/** Ends a block. */
export const unblockUser: InboxHandler<'unblockUser'> = (context, payload) =>
  setBlocked(context, payload, false);

/** Stores the block in the inbox, and in the direct room if there is one; makes none. */
function setBlocked(
  context: InboxContext,
  { userId: other }: InboxPayload<'blockUser'>,
  blocked: boolean,
): Step<Record<string, never>> {
  const { userId } = context;
  if (other === userId) throw invalidField('userId', 'must be another user');
  // There are no direct rooms with guests and webhooks.
  const hasRoom = !isReserved(other);
  // A block comes first, because a user who is about to open the room asks this inbox once more.
  if (blocked || !hasRoom) store(context, other, blocked);
  if (!hasRoom) return { reply: {} };
  const payload = { userId, other, blocked };
  return {
    asks: [{ to: { direct: other }, identity: service(userId), name: 'setBlocked', payload }],
    resume: (later, [answer]) => {
      assertStored(answer);
      store(later, other, blocked);
      return { reply: {} };
    },
  };
}

function store({ blocks, accounts, userId }: InboxContext, other: string, blocked: boolean): void {
  accounts.ensure(userId);
  if (blocked) blocks.add(userId, other);
  else blocks.remove(userId, other);
}

/** @throws Refusal as the room has answered; a deleted room stores no block */
function assertStored(answer: Answer | undefined): void {
  if (answer?.result.ok !== false || answer.result.error.code === 'room_not_found') return;
  throw refusalOf(answer.result.error);
}
