import type { Payload } from '../../protocol/commands.ts';
import { fixed } from '../../protocol/limits.ts';
import type { Member } from '../../protocol/objects.ts';
import type { Context, Handler } from '../context.ts';
import { shownMember } from './moderation.ts';

/** A page of the room's list, or of who is here, by user id. */
export const getMembers: Handler<'getMembers'> = (context, payload) => {
  const { state, presence } = context;
  const limit = payload.limit ?? fixed.membersDefault;
  const found = (payload.online === true ? present : listed)(context, payload, limit + 1);
  return {
    reply: {
      members: found.slice(0, limit),
      memberCount: state.memberCount,
      onlineCount: presence.count,
      hasMore: found.length > limit,
    },
  };
};

function listed(context: Context, { after = '' }: Payload<'getMembers'>, limit: number): Member[] {
  return context.members.after(after, limit).map((member) => shownMember(context, member));
}

function present(context: Context, { after = '' }: Payload<'getMembers'>, limit: number): Member[] {
  return context.presence.after(after, limit).map((user) => {
    const known = context.members.find(user.userId);
    if (known !== undefined) return { ...shownMember(context, known), ...user };
    return { ...user, role: 'none', online: true };
  });
}
