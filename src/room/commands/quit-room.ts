import { Refusal } from '../../protocol/codes/errors.ts';
import type { Handler } from '../context.ts';
import { broadcast } from '../effects.ts';
import { shownMember } from '../access/targets.ts';
import { currentState } from '../inbox-updates/state.ts';

/** Takes the actor off the list. The row stays, so that mutes, kicks, bans and slow mode stay in force. */
export const quitRoom: Handler<'quitRoom'> = (context) => {
  const { access, actor, members, room, roomId } = context;
  const { userId } = actor.identity;
  if (access.isDirect) {
    throw new Refusal('forbidden', 'A direct room cannot be quit; archive it, or block the other.');
  }
  const { member } = access;
  if (member === undefined || !access.isListed) {
    return { reply: { conversation: currentState(context, userId) } };
  }
  if (member.role === 'owner' && members.countOwners() < 2) {
    throw new Refusal('forbidden', 'The last owner stays; make somebody else owner first.');
  }
  const after = { ...member, role: 'none' as const };
  room.countMembers(-1, false);
  members.put(after);
  const payload = { roomId, ...shownMember(context, after), by: userId };
  return {
    reply: { conversation: currentState(context, userId) },
    effects: [
      { type: 'forgetReceipt', userId },
      { type: 'recheckAccess', audience: { to: 'user', userId } },
      broadcast(context, { name: 'memberUpdated', payload }),
    ],
  };
};
