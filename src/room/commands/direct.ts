import { nameOfId } from '../../protocol/text.ts';
import { assertAdmin } from '../access/access.ts';
import type { Context, Handler } from '../context.ts';
import { currentState } from '../inbox-updates/state.ts';

/** Whether the direct room of two users is open: both are on its list. */
export const peekDirect: Handler<'peekDirect'> = (context, { userId, other }) => {
  assertAdmin(context.access);
  return { reply: { isOpen: missingOf(context, userId, other).length === 0 } };
};

/** Makes the direct room of two users, closed to both: it stores blocks from now on. */
export const prepareDirect: Handler<'prepareDirect'> = ({ access, room }) => {
  assertAdmin(access);
  room.setDirect();
  return { reply: {} };
};

/** Opens a direct room for a user: makes it if it does not exist, and shows it in the user's inbox. */
export const openDirect: Handler<'openDirect'> = (context, payload) => {
  const isNew = ensureListed(context, payload);
  const { userId, blocks } = payload;
  set(context, userId, { opened: true, ...(blocks && { blocks }) });
  const conversation = currentState(context, userId);
  return { reply: { conversation, ...(isNew && { created: true as const }) } };
};

/**
 * Stores whether a user blocks the other one; without a block, the other's messages count as unread
 * again. Opens nothing: in a room that does not exist, nothing is stored.
 */
export const setBlocked: Handler<'setBlocked'> = (context, { userId, blocked }) => {
  assertAdmin(context.access);
  if (context.state.createdAt === 0) return { reply: {} };
  set(context, userId, { blocks: blocked });
  return { reply: { conversation: currentState(context, userId) } };
};

/** Those of two users who are not on the list of their direct room, such as one who was erased. */
function missingOf({ members }: Context, ...users: readonly [string, string]): string[] {
  return users.filter((userId) => members.find(userId)?.role !== 'member');
}

/** Puts both users on the list of their direct room. @returns whether one of them was not on it */
function ensureListed(
  context: Context,
  { userId, other, username }: { userId: string; other: string; username?: string | undefined },
): boolean {
  const { access, members, room } = context;
  assertAdmin(access);
  const missing = missingOf(context, userId, other);
  if (!missing.includes(userId)) rename(context, userId, username);
  if (missing.length === 0) return false;
  room.setDirect();
  const { rev } = room.read();
  for (const one of missing) {
    const name = (one === userId ? username : undefined) ?? nameOfId(one);
    members.put({ userId: one, username: name, role: 'member', readUpTo: rev, banned: false });
  }
  room.countMembers(missing.length, true);
  return true;
}

/** Stores the name in the token of a user who may not have written anything yet. */
function rename({ members }: Context, userId: string, username: string | undefined): void {
  const known = members.find(userId);
  if (known === undefined || username === undefined || known.username === username) return;
  const { unverified: _, ...rest } = known;
  members.put({ ...rest, username });
}

function set(
  { sentStates }: Context,
  userId: string,
  change: { opened?: true; blocks?: boolean },
): void {
  sentStates.mark(userId, 0);
  const known = sentStates.find(userId);
  if (known !== undefined) sentStates.put({ ...known, ...change });
}
