import type { Reply } from '../../protocol/commands.ts';
import { Refusal } from '../../protocol/errors.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Context, Handler, Outcome } from '../context.ts';
import { assertMaySend } from '../standing.ts';
import { assertText } from './message.ts';

/** Changes the text of one's own message. */
export const editMessage: Handler<'editMessage'> = (context, payload) => {
  const { messages, search, room, standing, state, now, limits, speaker } = context;
  assertText(payload.message, limits.messageBytes);
  const before = found(context, payload.seq);
  if (before.senderId !== speaker.identity.userId) {
    throw new Refusal('forbidden', 'You can edit your own messages only.');
  }
  assertMaySend(standing, state, now);
  if (before.deletedAt === undefined && before.message === payload.message) {
    return { reply: { message: before } };
  }
  assertRev(before, payload.ifRev);
  if (before.deletedAt !== undefined) throw gone();

  const { rev, timestamp, position } = room.change();
  search.remove(before);
  messages.edit(before.seq, rev, payload.message, timestamp);
  const after: Message = { ...before, rev, message: payload.message, editedAt: timestamp };
  search.add(after);
  return updated(after, position, 'edited', speaker.identity.userId);
};

/** @throws Refusal `message_not_found` */
export function found({ messages }: Context, seq: number): Message {
  const message = messages.find(seq);
  if (message === undefined) throw gone();
  return message;
}

/** One that is still there to be changed. @throws Refusal `message_not_found` */
export function undeleted(context: Context, seq: number): Message {
  const message = found(context, seq);
  if (message.deletedAt !== undefined) throw gone();
  return message;
}

/** @throws Refusal `conflict`, with the current state, when the message has moved on */
export function assertRev(current: Message, ifRev: number | undefined): void {
  if (ifRev === undefined || ifRev === current.rev) return;
  throw new Refusal('conflict', 'The message has changed meanwhile; look at it again.', {
    current,
  });
}

export function updated(
  message: Message,
  position: string,
  change: 'edited' | 'deleted' | 'erased',
  by: string,
): Outcome<Reply<'editMessage'>> {
  const tell = [{ name: 'messageUpdated' as const, payload: { ...message, change, by } }];
  return { reply: { message }, position, tell };
}

function gone(): Refusal {
  return new Refusal('message_not_found', 'There is no such message, or it was deleted.');
}
