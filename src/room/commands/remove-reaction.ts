import type { Handler } from '../context.ts';
import { findReactable, reactionReply, setReactions } from '../messages/react.ts';

/** Removes the actor's reaction from a message; a second time changes nothing. */
export const removeReaction: Handler<'removeReaction'> = (context, { seq, emoji }) => {
  const message = findReactable(context, seq);
  const { userId } = context.actor.identity;
  if (!context.reactions.has(seq, emoji, userId)) return { reply: reactionReply(context, message) };
  context.reactions.remove(seq, emoji, userId);
  const { [emoji]: count = 1, ...rest } = message.reactions ?? {};
  const counts = count > 1 ? { ...message.reactions, [emoji]: count - 1 } : rest;
  return setReactions(context, message, counts, emoji, false);
};
