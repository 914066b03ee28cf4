import type { Payload, Reply } from '../../protocol/commands.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import { GUEST_PREFIX } from '../../protocol/identity.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Member } from '../../protocol/objects.ts';
import { nameOfId } from '../../protocol/text.ts';
import type { Context, Handler, Outcome } from '../context.ts';
import { assertRank, mayBeHere, ranks, accessOf } from '../access/access.ts';
import type { KnownMember } from '../storage/members.ts';

type Acting =
  | 'setRole'
  | 'kickMember'
  | 'banMember'
  | 'unbanMember'
  | 'muteMember'
  | 'unmuteMember';

/** Gives a role, invites by giving one, or takes off the list with `none`. */
export const setRole: Handler<'setRole'> = (context, payload) => {
  const { members, room, access, actor } = context;
  assertRank(access, 'moderator');
  const target = targetOf(context, payload.userId);
  // Asked again, since the reply was lost: who was made one's equal can no longer be acted on.
  if (target.role === payload.role) return { reply: { member: shownMember(context, target) } };
  const isSelf = payload.userId === actor.identity.userId;
  if (!isSelf) assertBelow(context, target);
  if (ranks[payload.role] > Math.min(access.rank, ranks.owner)) {
    throw new Refusal('forbidden', 'You cannot give a role above your own.');
  }
  if (payload.role === 'owner' && payload.userId.startsWith(GUEST_PREFIX)) {
    throw new Refusal('forbidden', 'Guests own nothing; make somebody owner who has signed in.');
  }
  if (target.role === 'owner' && members.countOwners() < 2) {
    throw new Refusal('forbidden', 'The last owner stays; make somebody else owner first.');
  }
  room.ensure();
  const isMore = Number(payload.role !== 'none') - Number(target.role !== 'none');
  const after = { ...target, role: payload.role };
  if (isMore !== 0 || payload.role === 'owner') {
    room.countMembers(isMore, payload.role === 'owner');
  }
  const outcome = acted(context, 'setRole', payload, after, { role: payload.role });
  // Who comes onto the list again begins to read anew.
  return payload.role === 'none' ? { ...outcome, unread: { userId: payload.userId } } : outcome;
};

export const kickMember: Handler<'kickMember'> = (context, payload) => {
  const { seconds = fixed.kickSeconds } = payload;
  const target = knownTarget(context, payload.userId);
  const after = { ...target, kickedUntil: context.now + seconds * 1_000 };
  const outcome = acted(context, 'kickMember', payload, after, { seconds });
  // What others hear is that the user left.
  return { ...outcome, tell: [] };
};

export const banMember: Handler<'banMember'> = (context, payload) => {
  const target = strangerToo(context, payload.userId);
  if (target.banned) return { reply: { member: shownMember(context, target) } };
  return acted(context, 'banMember', payload, { ...target, banned: true });
};

export const unbanMember: Handler<'unbanMember'> = (context, payload) => {
  const target = strangerToo(context, payload.userId);
  if (!target.banned) return { reply: { member: shownMember(context, target) } };
  return acted(context, 'unbanMember', payload, { ...target, banned: false });
};

export const muteMember: Handler<'muteMember'> = (context, payload) => {
  const { seconds = fixed.muteSeconds } = payload;
  const target = strangerToo(context, payload.userId);
  const after = { ...target, mutedUntil: context.now + seconds * 1_000 };
  return acted(context, 'muteMember', payload, after, { seconds });
};

export const unmuteMember: Handler<'unmuteMember'> = (context, payload) => {
  const target = strangerToo(context, payload.userId);
  if ((target.mutedUntil ?? 0) <= context.now) {
    return { reply: { member: shownMember(context, target) } };
  }
  const { mutedUntil: _, ...after } = target;
  return acted(context, 'unmuteMember', payload, after);
};

/** The member as users see them; one who is here under the name that they are here with. */
export function shownMember(
  { presence, now }: Pick<Context, 'presence' | 'now'>,
  member: KnownMember,
): Member {
  const { userId, role, mutedUntil, banned } = member;
  const { username, unverified } = presence.nameOf(userId) ?? member;
  return {
    userId,
    username,
    role,
    online: presence.has(userId),
    ...(unverified && { unverified }),
    ...(mutedUntil !== undefined && mutedUntil > now && { mutedUntil }),
    ...(banned && { banned: true as const }),
  };
}

/** Somebody to act on, whether the room knows them or not. */
function strangerToo(context: Context, userId: string): KnownMember {
  assertRank(context.access, 'moderator');
  const target = targetOf(context, userId);
  assertBelow(context, target);
  return target;
}

/** Somebody to act on whom the room knows, or who is here. */
function knownTarget(context: Context, userId: string): KnownMember {
  const target = strangerToo(context, userId);
  if (target.role === 'none' && !context.presence.has(userId)) {
    throw new Refusal('member_not_found', 'Nobody of that id is in this room.');
  }
  return target;
}

/** What the room knows of a user, or what a stranger begins with. */
export function targetOf(
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

/** One acts only on members below oneself; those off the list stand where members do. */
function assertBelow(context: Context, target: KnownMember): void {
  const { access, actor } = context;
  if (target.userId === actor.identity.userId || rankOf(context, target) >= access.rank) {
    throw new Refusal('forbidden', 'You can act only on members below yourself.');
  }
}

/** Where somebody stands by the room's list, or by a token that they are here with. */
function rankOf({ presence, roomId }: Context, target: KnownMember): number {
  const granted = presence
    .joinedOf(target.userId)
    .map(({ state }) => accessOf(state.identity, roomId, target).rank);
  return Math.max(ranks[target.role], ranks.member, ...granted);
}

/** The member as users see them once those who may be here no longer are sent away. */
function shownAfter(context: Context, after: KnownMember): Member {
  const { presence, roomId, state, limits, now } = context;
  const member = shownMember(context, after);
  const connections = presence.joinedOf(after.userId);
  const isSentAway =
    connections.length > 0 &&
    !connections.some((connection) => {
      const access = accessOf(connection.state.identity, roomId, after);
      return mayBeHere(access, state, limits, now);
    });
  return isSentAway ? { ...member, online: false } : member;
}

function acted<N extends Acting>(
  context: Context,
  act: N,
  { note }: Pick<Payload<N>, 'note'>,
  after: KnownMember,
  change?: Record<string, unknown>,
): Outcome<Reply<N>> {
  const { members, audit, room, roomId, actor, now } = context;
  const by = actor.identity.userId;
  room.ensure();
  members.put(after);
  audit.add({
    timestamp: now,
    by,
    act,
    userId: after.userId,
    ...(note !== undefined && { note }),
    ...(change !== undefined && { change }),
  });
  const member = shownAfter(context, after);
  return {
    reply: { member } as Reply<N>,
    tell: [{ name: 'memberUpdated', payload: { roomId, ...member, by } }],
    recheck: { userId: after.userId },
  };
}
