import type { Handler } from '../context.ts';
import { moderate } from '../access/moderate.ts';
import { moderationTarget, shownMember } from '../access/targets.ts';

/** Ends a ban. */
export const unbanMember: Handler<'unbanMember'> = (context, payload) => {
  const target = moderationTarget(context, payload.userId);
  if (!target.banned) return { reply: { member: shownMember(context, target) } };
  return moderate(context, 'unbanMember', payload, { ...target, banned: false });
};
