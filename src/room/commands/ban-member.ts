import type { Handler } from '../context.ts';
import { moderate } from '../access/moderate.ts';
import { moderationTarget, shownMember } from '../access/targets.ts';

/** Disconnects a user and keeps them out until they are unbanned. */
export const banMember: Handler<'banMember'> = (context, payload) => {
  const target = moderationTarget(context, payload.userId);
  if (target.banned) return { reply: { member: shownMember(context, target) } };
  return moderate(context, 'banMember', payload, { ...target, banned: true });
};
