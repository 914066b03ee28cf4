import { isReserved } from '../../src/protocol/identity.ts';
import type { Member, RoomInfo, Status, You } from '../../src/client/index.ts';
import { text } from './texts.ts';
import { whenOf } from './times.ts';

export type Role = Member['role'];

export const RANKS: Record<Role, number> = {
  none: 0,
  viewer: 1,
  member: 2,
  moderator: 3,
  owner: 4,
};

/** A role's name on the page; users who are not on the list are called members. */
export function roleName(role: Role): string {
  return text(`role_${role === 'none' ? 'member' : role}`);
}

/** The roles that can be given to users of a lower rank. */
const ASSIGNABLE: readonly Role[] = ['viewer', 'member', 'moderator', 'owner'];

export interface Access {
  you: You | undefined;
  room: RoomInfo | undefined;
  status?: Status;
}

/** Why this user cannot send now; undefined when they can. @param now epoch milliseconds */
export function whyCannotSend({ you, room, status }: Access, now: number): string | undefined {
  if (status?.name === 'ended') return text('notInRoom');
  if (you === undefined) return undefined;
  if ((you.mutedUntil ?? 0) > now) {
    return text('mutedUntil', { time: whenOf(you.mutedUntil ?? 0, now) });
  }
  if (you.role === 'viewer') return text('mayOnlyRead');
  if (room?.readOnly === true && you.role !== 'owner') return text('onlyOwners');
  return undefined;
}

export function isModerator({ you }: Access): boolean {
  return RANKS[you?.role ?? 'none'] >= RANKS.moderator;
}

export function isOwner({ you }: Access): boolean {
  return you?.role === 'owner';
}

/** Whether this user may act on another one, who must have a lower rank; all count as members at least. */
export function mayActOn(access: Access, { userId, role }: Pick<Member, 'userId' | 'role'>) {
  const { you } = access;
  if (!isModerator(access) || you === undefined || userId === you.userId) return false;
  return Math.max(RANKS[role], RANKS.member) < RANKS[you.role];
}

/** The roles that this user may give to another one, given that they may act on them. */
export function rolesFor({ you }: Access, { userId, role }: Pick<Member, 'userId' | 'role'>) {
  const cannotOwn = isReserved(userId);
  return ASSIGNABLE.filter(
    (given) =>
      given !== role &&
      RANKS[given] <= RANKS[you?.role ?? 'none'] &&
      !(given === 'owner' && cannotOwn) &&
      // A user who is not on the list can already do what members can.
      !(given === 'member' && role === 'none'),
  );
}
