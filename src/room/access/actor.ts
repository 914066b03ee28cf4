import type { Role } from '../../protocol/objects.ts';
import type { Context, ActorName } from '../context.ts';
import { recordGuest } from '../inbox-updates/guest.ts';
import { ranks } from './access.ts';
import { nameOf } from './names.ts';
import type { KnownMember } from '../storage/members.ts';

/** The actor's name: the one fixed when joining; for an actor who has not joined, see `nameOf`. */
export function actorName({ actor }: Context, claim: unknown, field: string): ActorName {
  const { identity, connection } = actor;
  return { userId: identity.userId, ...(connection?.state.name ?? nameOf(identity, claim, field)) };
}

/**
 * Puts the actor on the room's list, or keeps the name there up to date. Called by every command that
 * changes something durable. A new member counts as having read everything so far. The first user other
 * than a guest who writes a message becomes the room's owner; a reaction or a read position does not
 * count. An admin in the direct room of two others stays off its list.
 */
export function ensureMember(
  context: Context,
  { userId, ...name }: ActorName,
  { writes = false } = {},
): KnownMember {
  const { members, room, actor, access, state } = context;
  if (access.isDirect && !access.isListed) {
    return { userId, ...name, role: 'none', readUpTo: state.rev, banned: false };
  }
  // Not `access.member`, which does not know what the command has stored already.
  const known = members.find(userId);
  const isListed = known !== undefined && known.role !== 'none';
  const owns = writes && actor.identity.guest !== true && !state.owned;
  if (isListed && known.username === name.username && !owns) {
    if (known.unverified === name.unverified && known.bot === name.bot) return known;
  }
  const { rev } = room.ensure();
  const { unverified: _, bot: __, ...rest } = known ?? { userId, readUpTo: rev, banned: false };
  // A user with a row only for a past ban, mute or role counts as new.
  const readUpTo = isListed ? rest.readUpTo : rev;
  const role = owns ? 'owner' : isListed ? known.role : newRole(context);
  const member: KnownMember = { ...rest, ...name, role, readUpTo };
  if (!isListed || owns) room.countMembers(isListed ? 0 : 1, owns);
  members.put(member);
  if (!isListed && actor.identity.guest === true) recordGuest(context, userId);
  return member;
}

/**
 * The role of a new member: in a private room a viewer by token becomes a viewer. As members they could
 * write there once their token does not name the room any more.
 */
function newRole({ access, state }: Context): Role {
  return state.private && access.rank <= ranks.viewer ? 'viewer' : 'member';
}
