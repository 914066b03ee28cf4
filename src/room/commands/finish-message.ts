import type { Handler } from '../context.ts';
import { broadcast } from '../effects.ts';
import { endedReply, endStream, findOwn } from '../messages/stream.ts';

/** Ends the stream of a message of the actor's own; a message that has ended stays as it is. */
export const finishMessage: Handler<'finishMessage'> = (context, { seq, status = 'done' }) => {
  const before = findOwn(context, seq);
  if (before.streaming !== true) return { reply: endedReply(before) };
  const { message, event, position, refusal, effects = [] } = endStream(context, before, status);
  const reply = endedReply(message);
  return {
    reply: refusal ? { ...reply, status: 'refused', reason: refusal.message } : reply,
    effects: [...effects, broadcast(context, event, position)],
  };
};
