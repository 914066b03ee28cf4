import type { Reply } from '../../protocol/commands.ts';
import { errorCodes, invalidField, Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Message, StreamEnding } from '../../protocol/objects.ts';
import type { Context, UpkeepContext } from '../context.ts';
import type { Effect, RoomEvent } from '../effects.ts';
import { mentionedOthers } from './content.ts';
import { sendingUser } from '../own/app-room.ts';
import { compose, draftOf, withDraft } from '../own/compose.ts';
import { emptyMessage } from './empty-message.ts';
import { isStorageFailure } from '../storage/storage-trouble.ts';
import { Undecided } from '../verdict.ts';
import { findUndeleted } from './find-message.ts';

/**
 * @throws Refusal `rate_limited` while the actor has as many streams as a user may have;
 * `invalid_payload` for a kind whose text is made from its data, which leaves nothing to append
 */
export function assertMayStream(
  { streams, actor, application }: Context,
  kind: string | undefined,
): void {
  if (kind !== undefined && application.kinds?.get(kind)?.text !== undefined) {
    throw invalidField('streaming', 'is not possible: the text of this kind is made from its data');
  }
  if (streams.countOf(actor.identity.userId) < fixed.streamsPerUser) return;
  throw new Refusal(
    'rate_limited',
    `You are writing ${fixed.streamsPerUser} messages at once in this room; finish one first.`,
  );
}

/**
 * Reads a message of the actor's own, streaming or not.
 * @throws Refusal `message_not_found`, `forbidden`
 */
export function findOwn(context: Context, seq: number): Message {
  const message = findUndeleted(context, seq);
  assertOwn(context, message.senderId);
  return message;
}

/** @throws Refusal `forbidden` */
export function assertOwn({ actor }: Context, userId: string): void {
  if (userId === actor.identity.userId) return;
  throw new Refusal('forbidden', 'Only its sender writes a message.');
}

/** The reply about a message whose stream has ended. */
export function endedReply({ seq, rev, message, status }: Message): Reply<'appendMessage'> {
  return { seq, rev, length: message.length, status: status ?? 'done' };
}

/** The reason given for deleting a text that could not be checked. */
export const UNCHECKED = 'The application failed to check this message, so it was deleted.';

/** A stream that has just ended: its message, and the event for the others. */
export interface Ended {
  message: Message;
  event: RoomEvent;
  position: string;
  /** Set when the backend or the application's rule refused the text: then the message was deleted. */
  refusal?: Refusal;
  effects?: readonly Effect[];
}

/** Ends a stream: the text goes into the message's row and into search, and its mentions count. */
export function endStream(
  context: UpkeepContext,
  before: Message,
  status: 'done' | StreamEnding,
): Ended {
  const { messages, streams, search, sentStates, room, roomId, now } = context;
  const judged = judge(context, before);
  if ('refusal' in judged) return refused(context, before, judged.refusal);
  const { rev, position } = room.change();
  const { streaming: _, ...text } = judged;
  const message: Message = { ...text, rev, ...(status !== 'done' && { status }) };
  const { seq } = message;
  messages.endStream(message);
  streams.remove(seq);
  search.add(message);
  sentStates.markMessage(now, message.senderId, mentionedOthers(message));
  sentStates.markExcerpt(seq);
  if (judged !== before) return { message, event: updatedEvent(message, 'edited'), position };
  const payload = { roomId, seq, rev, offset: message.message.length, text: '', status };
  return { message, event: { name: 'messageAppended', payload }, position };
}

/**
 * The message as the backend and the application's rule return it, or their refusal. A rule that throws
 * counts as a refusal: the stream has to end, and a text that could not be checked must not stay.
 */
function judge(context: UpkeepContext, before: Message): Message | { refusal: Refusal } {
  if (context.application.beforeMessage === undefined && !context.asksFirst) return before;
  try {
    const draft = compose(context, sendingUser(context, before), {
      ...draftOf(before),
      mayBeEmpty: true,
      isStreamed: true,
    });
    const isSame =
      draft.message === before.message &&
      draft.meta === before.meta &&
      JSON.stringify(draft.data) === JSON.stringify(before.data);
    return isSame ? before : withDraft(before, draft);
  } catch (error) {
    if (error instanceof Undecided || isStorageFailure(error)) throw error;
    // The backend cannot be asked now: the sender may try again.
    if (error instanceof Refusal && errorCodes[error.code].temporary) throw error;
    if (error instanceof Refusal) return { refusal: error };
    context.log.failure('beforeMessage', error);
    return { refusal: new Refusal('refused', UNCHECKED) };
  }
}

/** Deletes a message whose text is refused at the end of its stream. */
function refused(context: UpkeepContext, before: Message, refusal: Refusal): Ended {
  const { message, position, effects } = emptyMessage(context, before, before.senderId);
  return { message, event: updatedEvent(message, 'deleted'), position, effects, refusal };
}

function updatedEvent(message: Message, change: 'edited' | 'deleted'): RoomEvent {
  return { name: 'messageUpdated', payload: { ...message, change, by: message.senderId } };
}
