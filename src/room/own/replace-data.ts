import type { Draft, JsonObject } from '../../protocol/app-room.ts';
import type { Message } from '../../protocol/objects.ts';
import type { UpkeepContext } from '../context.ts';
import { exceedsBytes } from '../../protocol/text.ts';
import { compose, draftOf, withDraft } from './compose.ts';

/**
 * The draft of a message of a kind with new data, and the text made of them. Writes nothing.
 * @throws Refusal, and what the application's schema and functions throw
 */
export function composeData(context: UpkeepContext, before: Message, data: JsonObject): Draft {
  const { kind, message } = before;
  const isStreamed = exceedsBytes(message, context.limits.messageBytes);
  return compose(context, undefined, { ...draftOf({ message, kind, data }), isStreamed });
}

/** Stores a draft that `composeData` made, and updates the search index. */
export function replaceData(context: UpkeepContext, before: Message, draft: Draft): Changed {
  const { search, messages, room, sentStates } = context;
  const { message: text } = before;
  const { rev, timestamp, position } = room.change();
  const message: Message = { ...withDraft(before, draft), rev };
  if (message.message !== text) {
    search.remove(before);
    sentStates.markExcerpt(message.seq);
  }
  // The text of a stream is stored in its chunks until it ends.
  messages.edit(before.streaming === true ? { ...message, message: '' } : message);
  if (message.message !== text) search.add(message);
  return { message, position, timestamp };
}

interface Changed {
  message: Message;
  position: string;
  timestamp: number;
}
