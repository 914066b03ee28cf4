import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import type { Handler } from '../context.ts';
import { actorName, ensureMember } from '../access/actor.ts';
import { unreadOf } from '../messages/unread.ts';

/** Moves the actor's read position forward, never back, and at most to the room's `rev`. */
export const markRead: Handler<'markRead'> = (context, payload) => {
  const { members, sentStates, state, access, actor, now } = context;
  const { userId } = actor.identity;
  const readUpTo = Math.min(payload.readUpTo, state.rev);
  const before = access.isListed ? (access.member?.readUpTo ?? 0) : undefined;
  // Not an admin in the direct room of two others, whom `ensureMember` does not store.
  const mayBeStored = access.isListed || !access.isDirect;
  if (state.rev === 0 || !mayBeStored || (before !== undefined && readUpTo <= before)) {
    return { reply: unreadOf(context, before ?? state.rev) };
  }
  const member = ensureMember(context, actorName(context, undefined, 'username'));
  members.put({ ...member, readUpTo }, false);
  sentStates.markRead(userId, now + inboxLimits.readLookMs);
  const receipt = { userId, readUpTo };
  return {
    reply: unreadOf(context, readUpTo),
    effects: [{ type: 'receipt', receipt, by: actor.connection?.state.id }],
  };
};
