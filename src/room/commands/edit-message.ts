import type { Payload, Reply } from '../../protocol/commands.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Context, Handler, Outcome } from '../context.ts';
import { assertMaySend } from '../access/access.ts';
import { assertMeta, assertText, mentionsIn, othersOf } from './message.ts';

/** Changes one's own message: its text, and mentions and `meta` where they are given. */
export const editMessage: Handler<'editMessage'> = (context, payload) => {
  const { messages, search, room, access, state, now, limits, actor } = context;
  assertText(payload.message, limits.messageBytes);
  assertMeta(payload.meta);
  const before = found(context, payload.seq);
  if (before.senderId !== actor.identity.userId) {
    throw new Refusal('forbidden', 'You can edit your own messages only.');
  }
  assertMaySend(access, state, now);
  const edited = edit(before, payload);
  if (before.deletedAt === undefined && isSame(before, edited)) {
    return { reply: { message: before } };
  }
  assertRev(before, payload.ifRev);
  if (before.deletedAt !== undefined) throw gone();

  const { rev, timestamp, position } = room.change();
  const after: Message = { ...edited, rev, editedAt: timestamp };
  search.remove(before);
  messages.edit(after);
  search.add(after);
  moveMentions(context, before, after);
  return updated(after, position, 'edited', actor.identity.userId);
};

/** The message with what an edit gives in place of what was there; an empty `meta` removes it. */
function edit(before: Message, payload: Payload<'editMessage'>): Message {
  const { message, meta } = payload;
  const mentions = mentionsIn(payload);
  const after: Message = {
    ...before,
    message,
    ...(mentions && { mentions }),
    ...(meta && { meta }),
  };
  if (mentions?.length === 0) delete after.mentions;
  if (meta !== undefined && Object.keys(meta).length === 0) delete after.meta;
  return after;
}

function isSame(before: Message, after: Message): boolean {
  return (
    before.message === after.message &&
    JSON.stringify(before.mentions) === JSON.stringify(after.mentions) &&
    JSON.stringify(before.meta) === JSON.stringify(after.meta)
  );
}

/** Counts the mentions that an edit has added, and no longer those that it has removed. */
function moveMentions({ mentions }: Context, before: Message, after: Message): void {
  const [old, now] = [othersOf(before), othersOf(after)];
  mentions.remove(
    after.seq,
    old.filter((userId) => !now.includes(userId)),
  );
  mentions.add(
    after.seq,
    now.filter((userId) => !old.includes(userId)),
  );
}

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
