import type { Identity } from '../../protocol/identity.ts';
import type { InboxContext } from '../context.ts';
import type { Ask } from '../ports.ts';

/** Asks a room for the state of the user's conversation; its answer is taken when it comes. */
export function askRoom(
  { userId }: Pick<InboxContext, 'userId'>,
  roomId: string,
  watchMs?: number,
): Ask {
  const payload = { roomId, userId, ...(watchMs !== undefined && { watchMs }) };
  return { to: { room: roomId }, identity: service(userId), name: 'getConversation', payload };
}

/** The service itself, for what is asked about a user and not by them. */
export function service(userId: string): Identity {
  return { userId, admin: true };
}
