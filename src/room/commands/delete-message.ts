import { Refusal } from '../../protocol/codes/errors.ts';
import type { Handler } from '../context.ts';
import { ranks } from '../access/access.ts';
import { assertRev, findMessage } from '../messages/find-message.ts';
import { emptyMessage } from '../messages/empty-message.ts';
import { updated } from '../messages/updated.ts';

/** Empties a message of the actor's own, or, for a moderator, any message; its row stays. */
export const deleteMessage: Handler<'deleteMessage'> = (context, payload) => {
  const { messages, audit, access, actor } = context;
  const { userId } = actor.identity;
  const before = findMessage(context, payload.seq);
  const isOwn = before.senderId === userId;
  if (!isOwn && access.rank < ranks.moderator) {
    throw new Refusal('forbidden', 'Only a moderator may delete messages of others.');
  }
  if (before.deletedAt !== undefined) {
    if (messages.deletedBy(before.seq) !== userId) assertRev(before, payload.ifRev);
    return { reply: { message: before } };
  }
  assertRev(before, payload.ifRev);

  const { message, position, timestamp, effects } = emptyMessage(context, before, userId);
  if (!isOwn) {
    const { seq, senderId } = before;
    audit.add({
      timestamp,
      by: userId,
      act: 'deleteMessage',
      userId: senderId,
      seq,
      ...(payload.note !== undefined && { note: payload.note }),
    });
  }
  const decision = updated(context, message, position, 'deleted');
  return { ...decision, effects: [...(decision.effects ?? []), ...effects] };
};
