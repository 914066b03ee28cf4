import type { Handler } from '../context.ts';
import { moderate } from '../access/moderate.ts';
import { moderationTarget, shownMember } from '../access/targets.ts';

/** Ends a mute. */
export const unmuteMember: Handler<'unmuteMember'> = (context, payload) => {
  const target = moderationTarget(context, payload.userId);
  if ((target.mutedUntil ?? 0) <= context.now) {
    return { reply: { member: shownMember(context, target) } };
  }
  const { mutedUntil: _, ...after } = target;
  return moderate(context, 'unmuteMember', payload, after);
};
