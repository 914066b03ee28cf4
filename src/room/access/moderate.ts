import type { Payload, Reply } from '../../protocol/commands.ts';
import type { Member } from '../../protocol/objects.ts';
import type { Context, Decision } from '../context.ts';
import { broadcast, type Effect } from '../effects.ts';
import type { KnownMember } from '../storage/members.ts';
import { accessOf, hasAccess, ranks } from './access.ts';
import { shownMember } from './targets.ts';

type ModerationCommand =
  | 'setRole'
  | 'kickMember'
  | 'banMember'
  | 'unbanMember'
  | 'muteMember'
  | 'unmuteMember';

/** Commands after which the user may not send for now. */
const silencing: ReadonlySet<ModerationCommand> = new Set([
  'kickMember',
  'banMember',
  'muteMember',
]);

/** Stores a member as a moderator's command changed it, with the audit entry, and broadcasts the change. */
export function moderate<N extends ModerationCommand>(
  context: Context,
  act: N,
  { note }: Pick<Payload<N>, 'note'>,
  after: KnownMember,
  change?: Record<string, unknown>,
): Decision<Reply<N>> {
  const { members, audit, room, roomId, actor, now } = context;
  const by = actor.identity.userId;
  const { userId } = after;
  room.ensure();
  members.put(after);
  audit.add({
    timestamp: now,
    by,
    act,
    userId,
    ...(note !== undefined && { note }),
    ...(change !== undefined && { change }),
  });
  const member = shownAfter(context, after);
  const event = { name: 'memberUpdated' as const, payload: { roomId, ...member, by } };
  const effects: Effect[] = [{ type: 'recheckAccess', audience: { to: 'user', userId } }];
  const isDemoted = act === 'setRole' && ranks[after.role] < ranks.member;
  if (isDemoted || silencing.has(act)) effects.push({ type: 'forgetSignals', userId });
  effects.push(broadcast(context, event));
  return { reply: { member } as Reply<N>, effects };
}

/** The member as users see them once connections without access are disconnected. */
function shownAfter(context: Context, after: KnownMember): Member {
  const { connections, roomId, state, limits, now } = context;
  const member = shownMember(context, after);
  const joined = connections.joinedOf(after.userId);
  const isRevoked =
    joined.length > 0 &&
    !joined.some((connection) => {
      const access = accessOf(connection.state.identity, roomId, after);
      return hasAccess(access, state, limits, now);
    });
  return isRevoked ? { ...member, online: false } : member;
}
