import type { Reply } from '../../protocol/commands.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Outcome } from '../context.ts';

/** The reply to a changed message, and the `messageUpdated` for the others. */
export function updated(
  message: Message,
  position: string,
  change: 'edited' | 'deleted' | 'erased',
  by: string,
): Outcome<Reply<'editMessage'>> {
  const tell = [{ name: 'messageUpdated' as const, payload: { ...message, change, by } }];
  return { reply: { message }, position, tell };
}
