import { closeCodeOf } from '../../protocol/codes/close-codes.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import type { Audience } from '../broadcast/audience.ts';
import type { RoomParts, UpkeepContext } from '../context.ts';
import type { Disconnect } from '../effects.ts';
import type { Connection } from '../ports.ts';
import type { RoomState } from '../storage/room-row.ts';
import { accessOf, assertAccess } from './access.ts';

/** The effects that disconnect an audience's joined connections that may no longer be in the room. */
export function revocations(context: UpkeepContext, audience: Audience): Disconnect[] {
  const joined = context.connections.in(audience).filter(({ state }) => state.joined);
  if (joined.length === 0) return [];
  const state = context.room.read();
  return joined.flatMap((connection) => revocation(context, state, connection) ?? []);
}

function revocation(
  { members, roomId, limits, now }: RoomParts & Pick<UpkeepContext, 'now'>,
  room: RoomState,
  { state: { id, identity } }: Connection,
): Disconnect | undefined {
  try {
    assertAccess(accessOf(identity, roomId, members.find(identity.userId)), room, limits, now);
    return undefined;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code, message, retryAfterMs } = error.problem;
    return {
      type: 'disconnect',
      audience: { to: 'connection', id },
      code: closeCodeOf(code, retryAfterMs),
      reason: message,
      leave: code === 'banned' ? 'banned' : 'kicked',
    };
  }
}
