import { Refusal } from '../../protocol/codes/errors.ts';
import { type OperationName, traits } from '../../protocol/commands.ts';
import type { Identity } from '../../protocol/identity.ts';
import { isDirect } from '../../protocol/inbox-objects.ts';
import type { Limits } from '../../protocol/codes/limits.ts';
import type { Role } from '../../protocol/objects.ts';
import type { KnownMember } from '../storage/members.ts';
import type { RoomState } from '../storage/room-row.ts';

/** The fields of a member that decide whether they may be in the room. */
export type Admission = Pick<KnownMember, 'role' | 'banned' | 'kickedUntil'>;

/** What a user may do in a room. */
export interface Access<M extends Admission = KnownMember> {
  /** As users see it; an admin is shown as an owner. */
  role: Role;
  /** For comparing the ranks of two users. */
  rank: number;
  /** Whether the user is on the room's list. */
  isListed: boolean;
  /**
   * Whether the token's claims name the room; in a direct room, whether the user is listed. True for an
   * admin.
   */
  isGranted: boolean;
  /** Whether the room is direct: only its two members and admins get in, whatever tokens say. */
  isDirect: boolean;
  /** The room's row about the user, if it has one. */
  member: M | undefined;
}

export const ranks: Record<Role, number> = {
  none: 0,
  viewer: 1,
  member: 2,
  moderator: 3,
  owner: 4,
};
const ADMIN_RANK = 5;

/** Role: `admin` claim, else the most specific matching `rooms` claim, else stored, else `member`. */
export function accessOf<M extends Admission = KnownMember>(
  identity: Identity,
  roomId: string,
  member: M | undefined,
): Access<M> {
  const stored = member?.role ?? 'none';
  const isListed = stored !== 'none';
  const isOneToOne = isDirect(roomId);
  const known = { isListed, isDirect: isOneToOne, member };
  if (identity.admin === true)
    return { ...known, role: 'owner', rank: ADMIN_RANK, isGranted: true };
  if (isOneToOne) return { ...known, role: stored, rank: ranks[stored], isGranted: isListed };
  const granted = identity.rooms && grantedRole(identity.rooms, roomId);
  const role = granted ?? (isListed ? stored : 'member');
  return { ...known, role, rank: ranks[role], isGranted: granted !== undefined };
}

/** The role of the most specific pattern: the exact one, else the longest prefix before a `*`. */
function grantedRole(rooms: NonNullable<Identity['rooms']>, roomId: string): Role | undefined {
  if (Object.hasOwn(rooms, roomId)) return rooms[roomId];
  const longest = Object.keys(rooms)
    .filter((pattern) => pattern.endsWith('*') && roomId.startsWith(pattern.slice(0, -1)))
    .toSorted((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : rooms[longest];
}

export function noSuchRoom(): Refusal {
  return new Refusal('room_not_found', 'There is no such room, or it is not for you.');
}

/**
 * Checks that a user may be in the room at all. A deleted room is open only to an admin who reopens it,
 * a room whose import has not ended only to an admin who continues it.
 * @throws Refusal `room_not_found`, whether or not the room exists; `unavailable`; `banned`;
 * `forbidden`
 */
export function assertAccess(
  { rank, isListed, isGranted, isDirect: isOneToOne, member }: Access<Admission>,
  state: Pick<RoomState, 'deletion' | 'importing' | 'private'>,
  { tokenRoomsOnly }: Pick<Limits, 'tokenRoomsOnly'>,
  now: number,
  operation?: OperationName,
): void {
  const { access } = (operation && traits.get(operation)) ?? {};
  if (access === 'always') return;
  const isAdmin = rank === ADMIN_RANK;
  if (state.deletion !== null && !(isAdmin && access === 'whenDeleted')) throw noSuchRoom();
  if (state.importing && !(isAdmin && access === 'whileImporting')) {
    throw new Refusal('unavailable', 'This room is being moved here; come back in a moment.');
  }
  if (isAdmin) return;
  const isClosed = (state.private || isOneToOne) && !isListed;
  if (!isGranted && (tokenRoomsOnly || isClosed)) {
    throw noSuchRoom();
  }
  if (member?.banned === true) throw new Refusal('banned', 'You are banned from this room.');
  const kickedFor = (member?.kickedUntil ?? 0) - now;
  if (kickedFor > 0) {
    throw new Refusal('forbidden', 'You were kicked out of this room; come back later.', {
      retryAfterMs: kickedFor,
    });
  }
}

/** Whether `assertAccess` lets a user in. */
export function hasAccess(...access: Parameters<typeof assertAccess>): boolean {
  try {
    assertAccess(...access);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/**
 * Whether a user may send: messages, edits, reactions, typing.
 * @throws Refusal `muted` or `forbidden`
 */
export function assertMaySend({ rank, member }: Access, state: RoomState, now: number): void {
  if (rank === ADMIN_RANK) return;
  const mutedFor = (member?.mutedUntil ?? 0) - now;
  if (mutedFor > 0) {
    throw new Refusal('muted', 'You are muted in this room for a while.', {
      retryAfterMs: mutedFor,
    });
  }
  if (rank <= ranks.viewer) throw new Refusal('forbidden', 'You may only read in this room.');
  if (state.readOnly && rank < ranks.owner) {
    throw new Refusal('forbidden', 'Only owners write in this room.');
  }
}

/** @throws Refusal `forbidden` for a user who ranks below `role` */
export function assertRank({ rank }: Access, role: Role): void {
  if (rank < ranks[role]) {
    throw new Refusal('forbidden', `Only ${article(role)} may do this.`);
  }
}

/** @throws Refusal `forbidden` unless the token has the `admin` claim */
export function assertAdmin({ rank }: Access): void {
  if (rank < ADMIN_RANK) throw new Refusal('forbidden', 'Only an admin may do this.');
}

function article(role: Role): string {
  return role === 'owner' ? 'an owner' : `a ${role}`;
}
