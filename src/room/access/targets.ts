import { Refusal } from '../../protocol/codes/errors.ts';
import type { Member } from '../../protocol/objects.ts';
import { nameOfId } from '../../protocol/text.ts';
import type { Context } from '../context.ts';
import type { KnownMember } from '../storage/members.ts';
import { accessOf, assertRank, ranks } from './access.ts';
import { marksOf } from './names.ts';

/** The member as users see them; an online user under the name of their connections. */
export function shownMember(
  { presence, now }: Pick<Context, 'presence' | 'now'>,
  member: KnownMember,
): Member {
  const { userId, role, mutedUntil, banned } = member;
  const { username, ...marks } = presence.nameOf(userId) ?? member;
  return {
    userId,
    username,
    role,
    online: presence.has(userId),
    ...marksOf(marks),
    ...(mutedUntil !== undefined && mutedUntil > now && { mutedUntil }),
    ...(banned && { banned: true as const }),
  };
}

/**
 * The user whom a moderator acts on, whether the room knows them or not.
 * @throws Refusal `forbidden` unless the target is below the actor
 */
export function moderationTarget(context: Context, userId: string): KnownMember {
  assertRank(context.access, 'moderator');
  const target = memberOrDefault(context, userId);
  assertOutranks(context, target);
  return target;
}

/** The room's row about a user; for a user without one, the values that a new row starts with. */
export function memberOrDefault(
  { members, presence, state }: Pick<Context, 'members' | 'presence' | 'state'>,
  userId: string,
): KnownMember {
  return (
    members.find(userId) ?? {
      userId,
      username: nameOfId(userId),
      ...presence.nameOf(userId),
      role: 'none',
      readUpTo: state.rev,
      banned: false,
    }
  );
}

/**
 * Checks that the target ranks below the actor; users who are not on the list rank as members.
 * @throws Refusal `forbidden`
 */
export function assertOutranks(context: Context, target: KnownMember): void {
  const { access, actor } = context;
  if (target.userId === actor.identity.userId || rankOf(context, target) >= access.rank) {
    throw new Refusal('forbidden', 'You can act only on members below yourself.');
  }
}

/** A user's rank: the highest that the room's list or a token of their joined connections gives. */
function rankOf({ connections, roomId }: Context, target: KnownMember): number {
  const granted = connections
    .joinedOf(target.userId)
    .map(({ state }) => accessOf(state.identity, roomId, target).rank);
  return Math.max(ranks[target.role], ranks.member, ...granted);
}
