import { Refusal } from '../../protocol/codes/errors.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Handler } from '../context.ts';
import { ranks } from '../access/access.ts';
import { assertRev, findMessage } from '../messages/find-message.ts';
import { removeDependents } from '../messages/remove-dependents.ts';
import { updated } from '../messages/updated.ts';

/** Empties a message, one's own or, as a moderator, anyone's; its row stays. */
export const deleteMessage: Handler<'deleteMessage'> = (context, payload) => {
  const { messages, audit, told, room, access, actor } = context;
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

  const { rev, timestamp, position } = room.change();
  const removed = removeDependents(context, before);
  messages.delete(before.seq, rev, timestamp, userId);
  // It was unread for some and mentioned others.
  told.markAll();
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
  const { mentions: _, meta: __, reactions: ___, files: ____, ...rest } = before;
  const { streaming: _____, status: ______, kind: _______, data: ________, ...kept } = rest;
  const after: Message = { ...kept, rev, message: '', deletedAt: timestamp };
  const { reply, effects = [] } = updated(context, after, position, 'deleted');
  return { reply, effects: [...effects, ...removed] };
};
