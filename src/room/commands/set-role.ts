import { Refusal } from '../../protocol/codes/errors.ts';
import { isReserved } from '../../protocol/identity.ts';
import type { Handler } from '../context.ts';
import { assertRank, ranks } from '../access/access.ts';
import { moderate } from '../access/moderate.ts';
import { assertOutranks, memberOrDefault, shownMember } from '../access/targets.ts';

/**
 * Gives a user a role; this also invites a user who is not on the list. `none` takes the user off the
 * list.
 */
export const setRole: Handler<'setRole'> = (context, payload) => {
  const { members, room, access, actor } = context;
  assertRank(access, 'moderator');
  if (access.isDirect) throw new Refusal('forbidden', 'A direct room has its two members alone.');
  const target = memberOrDefault(context, payload.userId);
  // A resend after a lost reply: by now the target may rank as high as the actor.
  if (target.role === payload.role) return { reply: { member: shownMember(context, target) } };
  const isSelf = payload.userId === actor.identity.userId;
  if (!isSelf) assertOutranks(context, target);
  if (ranks[payload.role] > Math.min(access.rank, ranks.owner)) {
    throw new Refusal('forbidden', 'You cannot give a role above your own.');
  }
  if (payload.role === 'owner' && isReserved(payload.userId)) {
    throw new Refusal('forbidden', 'Guests own nothing; make somebody owner who has signed in.');
  }
  if (target.role === 'owner' && members.countOwners() < 2) {
    throw new Refusal('forbidden', 'The last owner stays; make somebody else owner first.');
  }
  room.ensure();
  const listChange = Number(payload.role !== 'none') - Number(target.role !== 'none');
  const after = { ...target, role: payload.role };
  if (listChange !== 0 || payload.role === 'owner') {
    room.countMembers(listChange, payload.role === 'owner');
  }
  const { reply, effects = [] } = moderate(context, 'setRole', payload, after, {
    role: payload.role,
  });
  if (payload.role !== 'none') return { reply, effects };
  return { reply, effects: [{ type: 'forgetReceipt', userId: payload.userId }, ...effects] };
};
