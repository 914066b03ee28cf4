import type { JsonObject } from '../../protocol/app-room.ts';
import type { Message } from '../../protocol/objects.ts';
import type { UpkeepContext } from '../context.ts';
import { compose, draftOf, withDraft } from './compose.ts';

/** Writes a message of a kind with other data, and what follows from it: its text, and search. */
export function replaceData(context: UpkeepContext, before: Message, data: JsonObject): Changed {
  const { search, messages, room, told } = context;
  const isStreamed = before.streaming === true || before.status !== undefined;
  const { kind, message: text } = before;
  const draft = compose(context, undefined, {
    ...draftOf({ message: text, kind, data }),
    isStreamed,
  });
  const { rev, timestamp, position } = room.change();
  const message: Message = { ...withDraft(before, draft), rev };
  if (message.message !== text) {
    search.remove(before);
    told.markExcerpt(message.seq);
  }
  // The text of a stream stands in its chunks until it ends.
  messages.edit(before.streaming === true ? { ...message, message: '' } : message);
  if (message.message !== text) search.add(message);
  return { message, position, timestamp };
}

interface Changed {
  message: Message;
  position: string;
  timestamp: number;
}
