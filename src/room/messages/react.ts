import type { Reply } from '../../protocol/commands.ts';
import type { Message } from '../../protocol/objects.ts';
import { assertMaySend } from '../access/access.ts';
import type { Context, Decision } from '../context.ts';
import { broadcast } from '../effects.ts';
import { findUndeleted } from './find-message.ts';

/**
 * Reads a message that the actor may react to.
 * @throws Refusal `muted`, `forbidden`, `message_not_found`
 */
export function findReactable(context: Context, seq: number): Message {
  assertMaySend(context.access, context.state, context.now);
  return findUndeleted(context, seq);
}

/** The reply to a reaction: the message, and which emojis the actor has used on it. */
export function reactionReply(context: Context, message: Message): Reply<'addReaction'> {
  const emojis = Object.keys(message.reactions ?? {});
  const { userId } = context.actor.identity;
  return { message, myReactions: context.reactions.by(userId, message.seq, emojis) };
}

/** Stores a message's new counts of reactions under the next `rev`, with its `reactionsUpdated`. */
export function setReactions(
  context: Context,
  before: Message,
  reactions: Record<string, number>,
  emoji: string,
  added: boolean,
): Decision<Reply<'addReaction'>> {
  const { messages, room, roomId, actor } = context;
  const { rev, position } = room.change();
  const { seq } = before;
  messages.setReactions(seq, rev, reactions);
  const { reactions: _, ...rest } = before;
  const message: Message = {
    ...rest,
    rev,
    ...(Object.keys(reactions).length > 0 && { reactions }),
  };
  const payload = { roomId, seq, rev, reactions, by: actor.identity.userId, emoji, added };
  const event = { name: 'reactionsUpdated' as const, payload };
  return {
    reply: reactionReply(context, message),
    effects: [broadcast(context, event, position)],
  };
}
