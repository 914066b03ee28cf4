import type { AppRoom, AppUser, MessageOfKind } from '../../protocol/app-room.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import type { Message } from '../../protocol/objects.ts';
import type { AnySchema } from '../../protocol/standard-schema.ts';
import type { Context, UpkeepContext } from '../context.ts';
import { actorName } from '../access/actor.ts';
import { findUndeleted } from '../messages/find-message.ts';

/** The user on whose behalf an application's function is called. */
export type ActingUser = AppUser;

/** The actor of a command. */
export function actingUser(context: Context): ActingUser {
  const { userId, username } = actorName(context, undefined, 'username');
  return { userId, username, role: context.access.role };
}

/** The sender of a message, for work without an actor. */
export function sendingUser(
  { members }: UpkeepContext,
  { senderId, sender }: Pick<Message, 'senderId' | 'sender'>,
): ActingUser {
  const role = members.find(senderId)?.role ?? 'none';
  return { userId: senderId, username: sender, role };
}

/** A room as an application's functions see it. */
export function appRoom(context: UpkeepContext, user: ActingUser): AppRoom {
  const { roomId, room, now } = context;
  return {
    roomId,
    now,
    user,
    get info() {
      return room.info();
    },
    message: (seq: number, kind?: string) => messageOf(findUndeleted(context, seq), kind),
  };
}

/** @throws Refusal `refused`, for a message of another kind than the one named */
function messageOf(message: Message, kind: string | undefined): MessageOfKind<AnySchema> {
  if (kind !== undefined && message.kind !== kind) {
    throw new Refusal('refused', `This message is not of the kind ${kind}.`);
  }
  return message as MessageOfKind<AnySchema>;
}
