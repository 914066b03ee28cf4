import type { Message } from '../../protocol/objects.ts';
import type { Context } from '../context.ts';
import type { Effect } from '../effects.ts';
import { deleteBytes } from '../files/deliver.ts';
import { mentionedOthers } from './content.ts';

type Dependents = Pick<
  Context,
  'search' | 'mentions' | 'reactions' | 'streams' | 'files' | 'perUser'
>;

/**
 * Removes what other tables keep about a message: its search tokens, mentions, reactions, files,
 * users' values and the chunks of a stream. Takes the message as it is stored, so call this before its own row changes.
 * @returns the effects that delete the bytes of its files
 */
export function removeDependents(context: Dependents, message: Message): readonly Effect[] {
  context.perUser.removeAll(message.seq);
  return removeContent(context, message);
}

/** The same for a message of which a later state takes its place: users' values stay. */
export function removeContent(
  { search, mentions, reactions, streams, files }: Dependents,
  message: Message,
): readonly Effect[] {
  if (message.streaming === true) streams.remove(message.seq);
  else if (message.deletedAt === undefined) search.remove(message);
  mentions.remove(message.seq, mentionedOthers(message));
  reactions.removeAll(message.seq);
  return message.files === undefined ? [] : deleteBytes(files.removeSent(message.seq));
}
