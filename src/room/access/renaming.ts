import { memberOrStranger, shownMember } from './targets.ts';
import type { Outcome, UpkeepContext } from '../context.ts';
import type { Name } from '../ports.ts';

/**
 * Gives a user who is here the name in the token that they have presented last: in the room's list,
 * and to everybody who is shown names. A join or a leave would tell of a coming that never was.
 */
export function renamed(context: UpkeepContext, userId: string, name: Name): Outcome<object> {
  const { members, presence, roomId } = context;
  const { unverified: _, ...before } = memberOrStranger(context, userId);
  const after = { ...before, ...name };
  const isKnown = members.find(userId) !== undefined;
  if (isKnown) members.put(after);
  if (!isKnown && presence.mode === 'count') return { reply: {} };
  // Until this is stored they are still here under the name before.
  const { unverified: __, ...member } = shownMember(context, after);
  return {
    reply: {},
    tell: [{ name: 'memberUpdated', payload: { roomId, ...member, ...name, by: userId } }],
  };
}
