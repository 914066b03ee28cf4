import type { Payload } from '../../protocol/commands.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Member } from '../../protocol/objects.ts';
import type { Context, Handler } from '../context.ts';
import { shownMember } from '../access/targets.ts';

/** A page of the room's list, or of users who are online, by user id; with a `prefix`, those it matches. */
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

type Query = Payload<'getMembers'>;

function listed(context: Context, { after = '', prefix }: Query, limit: number): Member[] {
  const { members } = context;
  const found = prefix === undefined ? members.after(after, limit) : members.named(prefix, limit);
  return found.map((member) => shownMember(context, member));
}

function present(context: Context, { after = '', prefix }: Query, limit: number): Member[] {
  const { presence, members } = context;
  const found = prefix === undefined ? presence.after(after, limit) : presence.named(prefix, limit);
  return found.map((user) => {
    const known = members.find(user.userId);
    if (known !== undefined) return { ...shownMember(context, known), ...user };
    return { ...user, role: 'none', online: true };
  });
}
