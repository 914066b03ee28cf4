import type { Payload, Reply } from '../../protocol/commands.ts';
import { invalidField } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Context, Handler, Outcome } from '../context.ts';
import { ensureMember, actorName } from '../access/actor.ts';
import { assertMaySend } from '../access/access.ts';
import { found, undeleted } from './edit-message.ts';

export const addReaction: Handler<'addReaction'> = (context, { seq, emoji }) => {
  const message = reactable(context, seq);
  const { userId } = context.actor.identity;
  if (context.reactions.has(seq, emoji, userId)) return { reply: reacted(context, message) };
  const counts = new Map(Object.entries(message.reactions ?? {}));
  if (!counts.has(emoji) && counts.size >= fixed.reactionKinds) {
    throw invalidField('emoji', `must be one of the ${fixed.reactionKinds} that are there already`);
  }
  ensureMember(context, actorName(context, undefined, 'username'));
  context.reactions.add(seq, emoji, userId);
  counts.set(emoji, (counts.get(emoji) ?? 0) + 1);
  return change(context, message, Object.fromEntries(counts), emoji, true);
};

export const removeReaction: Handler<'removeReaction'> = (context, { seq, emoji }) => {
  const message = reactable(context, seq);
  const { userId } = context.actor.identity;
  if (!context.reactions.has(seq, emoji, userId)) return { reply: reacted(context, message) };
  context.reactions.remove(seq, emoji, userId);
  const { [emoji]: count = 1, ...rest } = message.reactions ?? {};
  const counts = count > 1 ? { ...message.reactions, [emoji]: count - 1 } : rest;
  return change(context, message, counts, emoji, false);
};

export const getReactions: Handler<'getReactions'> = (context, payload) => {
  const { seq, limit = fixed.reactionsPage } = payload;
  found(context, seq);
  const items = context.reactions.page(seq, afterOf(payload), limit + 1);
  return { reply: { reactions: items.slice(0, limit), hasMore: items.length > limit } };
};

/** `after` is the last item of the page before: its emoji and user id, with a space between. */
function afterOf({ after = '' }: Payload<'getReactions'>): { emoji: string; userId: string } {
  const space = after.indexOf(' ');
  if (after !== '' && space < 1) throw invalidField('after', 'must be "<emoji> <userId>"');
  return { emoji: after.slice(0, Math.max(0, space)), userId: after.slice(space + 1) };
}

function reactable(context: Context, seq: number): Message {
  assertMaySend(context.access, context.state, context.now);
  return undeleted(context, seq);
}

function reacted(context: Context, message: Message): Reply<'addReaction'> {
  const emojis = Object.keys(message.reactions ?? {});
  const { userId } = context.actor.identity;
  return { message, myReactions: context.reactions.by(userId, message.seq, emojis) };
}

/**
 * What the speaker has reacted with to messages of a reply, by `seq`. Only replies can tell it: an
 * event is the same for everybody.
 */
export function ownReactions(
  { reactions, actor }: Context,
  messages: readonly Message[],
): { myReactions?: Record<string, string[]> } {
  const seqs = messages.filter((message) => message.reactions !== undefined).map(({ seq }) => seq);
  if (seqs.length === 0) return {};
  const given: Record<string, string[]> = {};
  for (const { seq, emoji } of reactions.on(seqs, actor.identity.userId)) {
    (given[seq] ??= []).push(emoji);
  }
  return Object.keys(given).length > 0 ? { myReactions: given } : {};
}

function change(
  context: Context,
  before: Message,
  reactions: Record<string, number>,
  emoji: string,
  added: boolean,
): Outcome<Reply<'addReaction'>> {
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
  return {
    reply: reacted(context, message),
    position,
    tell: [{ name: 'reactionsUpdated', payload }],
  };
}
