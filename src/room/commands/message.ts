import type { Draft } from '../../protocol/app-room.ts';
import type { Payload, Reply } from '../../protocol/commands.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Message } from '../../protocol/objects.ts';
import type { Context, Decision, Handler } from '../context.ts';
import { broadcast, type Effect } from '../effects.ts';
import { ensureMember, actorName } from '../access/actor.ts';
import { assertMaySend, ranks } from '../access/access.ts';
import { attachFiles, findAttachable } from '../files/attach.ts';
import { assertSizes, mentionedOthers } from '../messages/content.ts';
import { actingUser } from '../own/app-room.ts';
import { compose, draftOf, senderData } from '../own/compose.ts';
import { messageId } from '../messages/message-id.ts';
import { assertMayStream } from '../messages/stream.ts';

/** Stores a message once per sender and client id; a resend is answered with the stored message. */
export const message: Handler<'message'> = (context, payload) => {
  const { messages, limits, access, state, now, actor } = context;
  const { id, replyTo, message: text = '', kind, data, meta, files = [], streaming } = payload;
  assertSizes(
    { message: text, meta },
    streaming === true ? limits.streamBytes : limits.messageBytes,
  );
  const first = id === undefined ? undefined : messages.byClientId(actor.identity.userId, id);
  if (first !== undefined) return { reply: { message: first, duplicate: true } };
  assertMaySend(access, state, now);
  if (replyTo !== undefined && messages.find(replyTo) === undefined) {
    throw new Refusal('message_not_found', 'The message to reply to does not exist.', {
      field: 'replyTo',
    });
  }
  if (state.slowModeSeconds > 0 && access.rank <= ranks.member) assertPace(context);
  if (streaming === true) assertMayStream(context, kind);
  // Most messages need no `compose`: they have no kind, and neither a rule nor a backend checks them.
  const isPlain = kind === undefined && data === undefined;
  if (isPlain && context.application.beforeMessage === undefined && !context.asksFirst) {
    return send(context, payload, { message: text, ...(meta !== undefined && { meta }) });
  }
  // Nobody is asked about a message that its files would have refused.
  findAttachable(context, files);
  // The text of a stream is judged at its end.
  const draft = compose(context, streaming === true ? undefined : actingUser(context), {
    ...draftOf({ ...payload, data: senderData(context, { kind }, data) }),
    mayBeEmpty: files.length > 0,
    isStreamed: streaming === true,
  });
  return send(context, payload, draft);
};

function send(
  context: Context,
  payload: Payload<'message'>,
  { message: text, meta, kind, data }: Draft,
): Decision<Reply<'message'>> {
  const { members, messages, mentions, search, streams, typing, room, roomId, ids } = context;
  const { access, state } = context;
  const sender = actorName(context, payload.sender, 'sender');
  const member = ensureMember(context, sender, { writes: true });
  if (state.slowModeSeconds > 0 && access.rank <= ranks.member) {
    members.put({ ...member, lastSentAt: context.now }, false);
  }
  const { rev, timestamp, position } = room.change();
  const mentioned = [...new Set(payload.mentions)];
  const sent: Message = {
    roomId,
    seq: rev,
    rev,
    id: payload.id ?? messageId(ids.make(), timestamp),
    senderId: sender.userId,
    sender: sender.username,
    message: text,
    timestamp,
    ...(sender.unverified && { unverified: sender.unverified }),
    ...(sender.bot && { bot: sender.bot }),
    ...(payload.replyTo !== undefined && { replyTo: payload.replyTo }),
    ...(mentioned.length > 0 && { mentions: mentioned }),
    ...(meta !== undefined && { meta }),
    ...(kind !== undefined && { kind }),
    ...(data !== undefined && { data }),
    ...(payload.streaming === true && { streaming: true }),
  };
  if (payload.files !== undefined && payload.files.length > 0) {
    sent.files = attachFiles(context, payload.files, rev);
  }
  messages.add(sent);
  if (payload.streaming === true) streams.begin(sent, context.now);
  const others = mentioned.length > 0 ? mentionedOthers(sent) : [];
  if (others.length > 0) mentions.add(rev, others);
  context.sentStates.markMessage(context.now, sender.userId, others);
  // The inbox of the user who did not open a direct room shows it from the first message on.
  if (access.isDirect) context.sentStates.markUnsent(members.after('', 2), context.now);
  if (rev - state.indexed >= fixed.unindexedRevs) search.catchUp();
  typing.end(sender.userId);
  const event = { name: 'message' as const, payload: sent };
  const effects: Effect[] = [broadcast(context, event, position)];
  if (payload.streaming === true) {
    effects.push({ type: 'wake', by: context.now + fixed.streamSilenceMs });
  }
  return { reply: { message: sent }, effects };
}

/**
 * Slow mode: a member sends at most once in `slowModeSeconds`. The time of sending is stored, so that
 * the pace holds while the room sleeps.
 * @throws Refusal `slow_mode`
 */
function assertPace({ state, access, now }: Context): void {
  const retryAfterMs = (access.member?.lastSentAt ?? 0) + state.slowModeSeconds * 1_000 - now;
  if (retryAfterMs > 0 && retryAfterMs <= state.slowModeSeconds * 1_000) {
    throw new Refusal('slow_mode', 'Slow mode is on; wait before you send again.', {
      retryAfterMs,
    });
  }
}
