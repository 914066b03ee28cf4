import type { Payload } from '../../protocol/commands.ts';
import { invalidField } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Handler } from '../context.ts';
import { findMessage } from '../messages/find-message.ts';

/** A page of the users who reacted to a message, by emoji, then user id. */
export const getReactions: Handler<'getReactions'> = (context, payload) => {
  const { seq, limit = fixed.reactionsPage } = payload;
  findMessage(context, seq);
  const items = context.reactions.page(seq, afterOf(payload), limit + 1);
  return { reply: { reactions: items.slice(0, limit), hasMore: items.length > limit } };
};

/** `after` is the last item of the page before: its emoji and user id, with a space between. */
function afterOf({ after = '' }: Payload<'getReactions'>): { emoji: string; userId: string } {
  const space = after.indexOf(' ');
  if (after !== '' && space < 1) throw invalidField('after', 'must be "<emoji> <userId>"');
  return { emoji: after.slice(0, Math.max(0, space)), userId: after.slice(space + 1) };
}
