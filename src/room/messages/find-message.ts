import { Refusal } from '../../protocol/codes/errors.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Context } from '../context.ts';

/**
 * Reads a message, deleted or not.
 * @throws Refusal `message_not_found`
 */
export function findMessage({ messages }: Pick<Context, 'messages'>, seq: number): Message {
  const message = messages.find(seq);
  if (message === undefined) throw messageNotFound();
  return message;
}

/**
 * Reads a message that can still be changed.
 * @throws Refusal `message_not_found`, also when the message was deleted
 */
export function findUndeleted(context: Pick<Context, 'messages'>, seq: number): Message {
  const message = findMessage(context, seq);
  if (message.deletedAt !== undefined) throw messageNotFound();
  return message;
}

/** @throws Refusal `conflict`, with the current state, when the message has another `rev` */
export function assertRev(current: Message, ifRev: number | undefined): void {
  if (ifRev === undefined || ifRev === current.rev) return;
  throw new Refusal('conflict', 'The message has changed meanwhile; look at it again.', {
    current,
  });
}

export function messageNotFound(): Refusal {
  return new Refusal('message_not_found', 'There is no such message, or it was deleted.');
}
