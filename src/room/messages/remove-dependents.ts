import type { Message } from '../../protocol/objects.ts';
import type { Context } from '../context.ts';
import type { Effect } from '../effects.ts';
import { deleteBytes } from '../files/deliver.ts';
import { mentionedOthers } from './content.ts';
import { unpinRemoved } from './pins.ts';

type Dependents = Pick<
  Context,
  'search' | 'mentions' | 'reactions' | 'streams' | 'files' | 'perUser' | 'room' | 'roomId'
>;

/**
 * Removes what other tables keep about a message: its pin, search tokens, mentions, reactions, files,
 * users' values and the chunks of a stream. It needs the message as stored: call it before the
 * message's row changes.
 * @returns the effects that delete the bytes of its files, and the event about its pin
 */
export function removeDependents(context: Dependents, message: Message): readonly Effect[] {
  context.perUser.removeAll(message.seq);
  return [...unpinRemoved(context, message.seq), ...removeContent(context, message)];
}

/** The same for a message that a later state replaces: its pin and users' values stay. */
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
