import { Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Handler } from '../context.ts';
import { moderate } from '../access/moderate.ts';
import { moderationTarget } from '../access/targets.ts';

/** Disconnects a user and keeps them out for some time. */
export const kickMember: Handler<'kickMember'> = (context, payload) => {
  const { seconds = fixed.kickSeconds } = payload;
  const target = moderationTarget(context, payload.userId);
  if (target.role === 'none' && !context.presence.has(target.userId)) {
    throw new Refusal('member_not_found', 'Nobody of that id is in this room.');
  }
  const after = { ...target, kickedUntil: context.now + seconds * 1_000 };
  const { reply, effects = [] } = moderate(context, 'kickMember', payload, after, { seconds });
  // The others get the user's `userLeft` instead of a `memberUpdated`.
  return { reply, effects: effects.filter(({ type }) => type !== 'broadcast') };
};
