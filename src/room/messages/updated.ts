import type { Reply } from '../../protocol/commands.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Context, Decision } from '../context.ts';
import { broadcast } from '../effects.ts';

/** The reply to a command that changed a message, and the `messageUpdated` for the others. */
export function updated(
  context: Context,
  message: Message,
  position: string,
  change: 'edited' | 'deleted',
): Decision<Reply<'editMessage'>> {
  const by = context.actor.identity.userId;
  const event = { name: 'messageUpdated' as const, payload: { ...message, change, by } };
  return { reply: { message }, effects: [broadcast(context, event, position)] };
}
