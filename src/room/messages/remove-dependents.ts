import type { Message } from '../../protocol/objects.ts';
import type { Context } from '../context.ts';
import { mentionedOthers } from './content.ts';

/**
 * Removes what other tables keep about a message: its search tokens, mentions and reactions. Takes
 * the message as it is stored, so call this before its own row changes.
 */
export function removeDependents(
  { search, mentions, reactions }: Pick<Context, 'search' | 'mentions' | 'reactions'>,
  message: Message,
): void {
  if (message.deletedAt === undefined) search.remove(message);
  mentions.remove(message.seq, mentionedOthers(message));
  reactions.removeAll(message.seq);
}
