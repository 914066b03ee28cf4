import type { Message } from '../../protocol/objects.ts';
import type { UpkeepContext } from '../context.ts';
import type { Effect } from '../effects.ts';
import { removeDependents } from './remove-dependents.ts';

/** A message that has just been emptied. */
interface Emptied {
  message: Message;
  position: string;
  timestamp: number;
  /** They delete the bytes of its files, and broadcast that it is not pinned any more. */
  effects: readonly Effect[];
}

/**
 * Deletes a message's content and what other tables keep about it; its row stays.
 * @param by the id of the user who deletes it
 */
export function emptyMessage(context: UpkeepContext, before: Message, by: string): Emptied {
  const { messages, room, sentStates } = context;
  const { rev, timestamp, position } = room.change();
  const effects = removeDependents(context, before);
  messages.delete(before.seq, rev, timestamp, by);
  // It may have counted as unread, or as a mention, for any member.
  sentStates.markAll();
  const { mentions: _, meta: __, reactions: ___, files: ____, ...rest } = before;
  const { streaming: _____, status: ______, kind: _______, data: ________, ...kept } = rest;
  const message = { ...kept, rev, message: '', deletedAt: timestamp };
  return { message, position, timestamp, effects };
}
