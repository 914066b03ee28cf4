import type { Handler } from '../context.ts';
import { broadcast } from '../effects.ts';
import { endedReply, endStream, findOwn } from '../messages/stream.ts';

/** Ends a message of the actor's own that streams; one that has ended stays as it is. */
export const finishMessage: Handler<'finishMessage'> = (context, { seq, status = 'done' }) => {
  const before = findOwn(context, seq);
  if (before.streaming !== true) return { reply: endedReply(before) };
  const { message, event, position } = endStream(context, before, status);
  return { reply: endedReply(message), effects: [broadcast(context, event, position)] };
};
