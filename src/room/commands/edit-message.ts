import type { Payload } from '../../protocol/commands.ts';
import { invalidField, Refusal } from '../../protocol/codes/errors.ts';
import { wrongText } from '../../protocol/fields.ts';
import { exceedsBytes } from '../../protocol/text.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Context, Handler } from '../context.ts';
import { assertMaySend } from '../access/access.ts';
import { assertSizes, mentionedOthers } from '../messages/content.ts';
import { assertRev, findMessage, messageNotFound } from '../messages/find-message.ts';
import { actingUser } from '../own/app-room.ts';
import { compose, draftOf, senderData, withDraft, withKind } from '../own/compose.ts';
import { updated } from '../messages/updated.ts';

/** Changes a message of the actor's own: text, mentions, `meta` and data, each if given. */
export const editMessage: Handler<'editMessage'> = (context, payload) => {
  const { messages, search, room, access, state, now, limits, actor } = context;
  assertSizes({ message: payload.message ?? '', meta: payload.meta }, limits.messageBytes);
  const before = findMessage(context, payload.seq);
  if (before.senderId !== actor.identity.userId) {
    throw new Refusal('forbidden', 'You can edit your own messages only.');
  }
  assertMaySend(access, state, now);
  if (before.streaming === true) {
    throw new Refusal('conflict', 'The message is still being written; finish it first.');
  }
  const data = senderData(context, before, payload.data);
  const given = edit(before, { ...payload, data });
  if (before.deletedAt === undefined && changesNothing(context, before, given)) {
    return { reply: { message: before } };
  }
  assertRev(before, payload.ifRev);
  if (before.deletedAt !== undefined) throw messageNotFound();
  assertText(given);
  const edited = composed(context, given);
  if (isSame(before, edited)) return { reply: { message: before } };

  const { rev, timestamp, position } = room.change();
  const after: Message = { ...edited, rev, editedAt: timestamp };
  search.remove(before);
  messages.edit(after);
  search.add(after);
  moveMentions(context, before, after);
  context.sentStates.markExcerpt(after.seq);
  return updated(context, after, position, 'edited');
};

/** @throws Refusal `invalid_payload` unless there is something visible, or files or a kind take its place */
function assertText({ message, files, kind }: Message): void {
  const why = files === undefined && kind === undefined ? wrongText(message) : undefined;
  if (why !== undefined) throw invalidField('message', why);
}

/** The edited message as its kind, the backend and the application's rule return it. */
function composed(context: Context, given: Message): Message {
  const draft = compose(context, actingUser(context), {
    ...draftOf({ ...given, replyTo: undefined }),
    mayBeEmpty: given.files !== undefined,
    // A new text is within the limit of a message; one that stays may have been streamed, and be
    // longer.
    isStreamed: exceedsBytes(given.message, context.limits.messageBytes),
  });
  return withDraft(given, draft);
}

/** The message with the fields of an edit; empty `mentions` or `meta` remove the field. */
function edit(before: Message, payload: Payload<'editMessage'>): Message {
  const { message = before.message, meta, data } = payload;
  const mentions = payload.mentions && [...new Set(payload.mentions)];
  const after: Message = {
    ...before,
    message,
    ...(mentions && { mentions }),
    ...(meta && { meta }),
    ...(data && { data }),
  };
  if (mentions?.length === 0) delete after.mentions;
  if (meta !== undefined && Object.keys(meta).length === 0) delete after.meta;
  return after;
}

/** Whether an edit changes nothing: as it is given, or as the message's kind reads it. */
function changesNothing(context: Context, before: Message, given: Message): boolean {
  if (isSame(before, given)) return true;
  if (given.kind === undefined) return false;
  return isSame(before, withDraft(given, withKind(context, draftOf(given))));
}

function isSame(before: Message, after: Message): boolean {
  return (
    before.message === after.message &&
    JSON.stringify(before.mentions) === JSON.stringify(after.mentions) &&
    JSON.stringify(before.meta) === JSON.stringify(after.meta) &&
    JSON.stringify(before.data) === JSON.stringify(after.data)
  );
}

/** Adds the mentions that an edit added, for counting, and removes those that it removed. */
function moveMentions({ mentions, sentStates }: Context, before: Message, after: Message): void {
  const [old, now] = [mentionedOthers(before), mentionedOthers(after)];
  const removed = old.filter((userId) => !now.includes(userId));
  const added = now.filter((userId) => !old.includes(userId));
  mentions.remove(after.seq, removed);
  mentions.add(after.seq, added);
  sentStates.markKnown([...removed, ...added]);
}
