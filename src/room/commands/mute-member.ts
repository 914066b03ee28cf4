import { fixed } from '../../protocol/codes/limits.ts';
import type { Handler } from '../context.ts';
import { moderate } from '../access/moderate.ts';
import { moderationTarget } from '../access/targets.ts';

/** Keeps a user from sending for some time. */
export const muteMember: Handler<'muteMember'> = (context, payload) => {
  const { seconds = fixed.muteSeconds } = payload;
  const target = moderationTarget(context, payload.userId);
  const after = { ...target, mutedUntil: context.now + seconds * 1_000 };
  return moderate(context, 'muteMember', payload, after, { seconds });
};
