import { nameOfId } from '../../protocol/text.ts';
import { assertAdmin } from '../access/access.ts';
import type { Context, Handler } from '../context.ts';
import { currentState } from '../inbox-updates/state.ts';

/** Whether the direct room of two users is open. */
export const peekDirect: Handler<'peekDirect'> = ({ access, members }, { userId }) => {
  assertAdmin(access);
  return { reply: { isOpen: members.find(userId) !== undefined } };
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

/** Puts both users on the list of their direct room. @returns whether `userId` was not on it */
function ensureListed(
  context: Context,
  { userId, other, username }: { userId: string; other: string; username?: string | undefined },
): boolean {
  const { access, members, room } = context;
  assertAdmin(access);
  if (members.find(userId)?.role === 'member') {
    rename(context, userId, username);
    return false;
  }
  room.setDirect();
  const { rev } = room.read();
  const missing = [userId, other].filter((one) => members.find(one)?.role !== 'member');
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
