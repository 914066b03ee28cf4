import type { Identity } from '../../protocol/identity.ts';
import type { InboxContext } from '../context.ts';
import type { Ask } from '../ports.ts';

/** Asks a room for the state of the user's conversation, which is stored when it arrives. */
export function askRoom(
  { userId }: Pick<InboxContext, 'userId'>,
  roomId: string,
  watchMs?: number,
): Ask {
  const payload = { roomId, userId, ...(watchMs !== undefined && { watchMs }) };
  return { to: { room: roomId }, identity: service(userId), name: 'getConversation', payload };
}

/** The service itself, for requests about a user that the user does not make. */
export function service(userId: string): Identity {
  return { userId, admin: true };
}
