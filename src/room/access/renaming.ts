import type { Decision, UpkeepContext } from '../context.ts';
import type { Name } from '../ports.ts';
import { memberOrDefault, shownMember } from './targets.ts';

/**
 * Gives an online user the name in their newest token: in the room's list, and in a `memberUpdated` for
 * every connection but the one with the token. No `userJoined` or `userLeft`: the user was here all
 * along.
 */
export function renamed(
  context: UpkeepContext,
  { userId, ...name }: Name & { userId: string },
  by: string,
): Decision<object> {
  const { members, presence, roomId } = context;
  const { unverified: _, bot: __, ...before } = memberOrDefault(context, userId);
  const after = { ...before, ...name };
  const isKnown = members.find(userId) !== undefined;
  if (isKnown) members.put(after);
  if (!isKnown && presence.mode === 'count') return { reply: {} };
  // Presence keeps the old name until this is stored.
  const { unverified: ___, bot: ____, ...member } = shownMember(context, after);
  const payload = { roomId, ...member, ...name, by: userId };
  const event = { name: 'memberUpdated' as const, payload };
  const audience = { to: 'everyone' as const, except: by };
  return { reply: {}, effects: [{ type: 'broadcast', event, audience }] };
}
