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

/** A role as people call it; off the list one is a member to others. */
export function roleName(role: Role): string {
  return text(`role_${role === 'none' ? 'member' : role}`);
}

/** What those who stand below may be made. */
const GIVEN: readonly Role[] = ['viewer', 'member', 'moderator', 'owner'];

export interface Access {
  you: You | undefined;
  room: RoomInfo | undefined;
  status?: Status;
}

/** Why this user cannot send now; undefined when they can. @param now epoch milliseconds */
export function whySilent({ you, room, status }: Access, now: number): string | undefined {
  if (status?.name === 'ended') return text('notInRoom');
  if (you === undefined) return undefined;
  if (isExpired({ you }, now)) return text('tokenExpired');
  if ((you.mutedUntil ?? 0) > now) {
    return text('mutedUntil', { time: whenOf(you.mutedUntil ?? 0, now) });
  }
  if (you.role === 'viewer') return text('mayOnlyRead');
  if (room?.readOnly === true && you.role !== 'owner') return text('onlyOwners');
  return undefined;
}

/** Whether the token has ended, though the server has not said so yet. */
export function isExpired({ you }: Pick<Access, 'you'>, now: number): boolean {
  return (you?.expiresAt ?? Infinity) <= now;
}

export function isModerator({ you }: Access): boolean {
  return RANKS[you?.role ?? 'none'] >= RANKS.moderator;
}

export function isOwner({ you }: Access): boolean {
  return you?.role === 'owner';
}

/** Whether this user may act on somebody: only on those below, and nobody off the list stands lower than a member. */
export function mayActOn(standing: Access, { userId, role }: Pick<Member, 'userId' | 'role'>) {
  const { you } = standing;
  if (!isModerator(standing) || you === undefined || userId === you.userId) return false;
  return Math.max(RANKS[role], RANKS.member) < RANKS[you.role];
}

/** The roles this user may give to somebody whom they may act on. */
export function rolesFor({ you }: Access, { userId, role }: Pick<Member, 'userId' | 'role'>) {
  const ownsNothing = isReserved(userId);
  return GIVEN.filter(
    (given) =>
      given !== role &&
      RANKS[given] <= RANKS[you?.role ?? 'none'] &&
      !(given === 'owner' && ownsNothing) &&
      // Off the list they can do what members can.
      !(given === 'member' && role === 'none'),
  );
}
