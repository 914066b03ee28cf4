import type { Message } from '../../protocol/objects.ts';
import type { Context } from '../context.ts';
import { mentionedOthers } from './content.ts';

type Dependents = Pick<Context, 'search' | 'mentions' | 'reactions' | 'streams'>;

/**
 * Removes what other tables keep about a message: its search tokens, mentions, reactions and the
 * chunks of a stream. Takes
 * the message as it is stored, so call this before its own row changes.
 */
export function removeDependents(
  { search, mentions, reactions, streams }: Dependents,
  message: Message,
): void {
  if (message.streaming === true) streams.remove(message.seq);
  else if (message.deletedAt === undefined) search.remove(message);
  mentions.remove(message.seq, mentionedOthers(message));
  reactions.removeAll(message.seq);
}
