import { invalidField } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Handler } from '../context.ts';
import { ensureMember, actorName } from '../access/actor.ts';
import { findReactable, reactionReply, setReactions } from '../messages/react.ts';

/** Adds the actor's reaction to a message; a second time changes nothing. */
export const addReaction: Handler<'addReaction'> = (context, { seq, emoji }) => {
  const message = findReactable(context, seq);
  const { userId } = context.actor.identity;
  if (context.reactions.has(seq, emoji, userId)) return { reply: reactionReply(context, message) };
  const counts = new Map(Object.entries(message.reactions ?? {}));
  if (!counts.has(emoji) && counts.size >= fixed.reactionKinds) {
    throw invalidField('emoji', `must be one of the ${fixed.reactionKinds} that are there already`);
  }
  ensureMember(context, actorName(context, undefined, 'username'));
  context.reactions.add(seq, emoji, userId);
  counts.set(emoji, (counts.get(emoji) ?? 0) + 1);
  return setReactions(context, message, Object.fromEntries(counts), emoji, true);
};
