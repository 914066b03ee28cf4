import type { Payload, Reply } from '../../protocol/commands.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import { exceedsBytes, utf8Bytes } from '../../protocol/text.ts';
import { assertMaySend } from '../access/access.ts';
import type { Context, Decision, Handler } from '../context.ts';
import { broadcast } from '../effects.ts';
import { findMessage } from '../messages/find-message.ts';
import { assertOwn, endedReply, findOwn } from '../messages/stream.ts';
import type { Stream } from '../storage/streams.ts';

/**
 * Appends to a message that streams. `offset` makes it safe to repeat: text that is there already is
 * skipped. Appends of one connection that leave in one flush share a `rev`, a row and an event.
 */
export const appendMessage: Handler<'appendMessage'> = (context, payload) => {
  const { streams, appendRates, access, state, now } = context;
  assertMaySend(access, state, now);
  const stream = streams.find(payload.seq);
  if (stream === undefined) return repeated(context, payload);
  assertOwn(context, stream.userId);
  appendRates.charge(String(stream.seq));
  const rest = restOf(context, stream, payload);
  if (rest !== '') return append(context, stream, rest);
  streams.touch(stream.seq, now);
  const reply = replyOf(stream, context.messages.revOf(stream.seq) ?? 0, stream.length);
  return { reply: payload.text === '' ? reply : { ...reply, duplicate: true } };
};

/** An append after the end of the stream: only text that is there already may be repeated. */
function repeated(
  context: Context,
  { seq, offset, text }: Payload<'appendMessage'>,
): Decision<Reply<'appendMessage'>> {
  const message = findOwn(context, seq);
  const { length } = message.message;
  if (text === '' || !message.message.startsWith(text, offset)) {
    throw new Refusal('conflict', 'The message is finished; send another one.', { length });
  }
  return { reply: { ...endedReply(message), duplicate: true } };
}

/**
 * The part of an append that is not there yet.
 * @throws Refusal `conflict` when another text is there, or when the text ends before `offset`
 */
function restOf(
  context: Context,
  { seq, length }: Stream,
  { offset, text }: Payload<'appendMessage'>,
): string {
  if (offset === length) return text;
  if (offset < length) {
    const there = findMessage(context, seq).message.slice(offset);
    if (there.startsWith(text)) return '';
    if (text.startsWith(there)) return text.slice(there.length);
  }
  throw new Refusal('conflict', `The text is ${length} long and another one; go on from there.`, {
    length,
  });
}

function append(context: Context, stream: Stream, text: string): Decision<Reply<'appendMessage'>> {
  const { streams, messages, appends, room, roomId, limits, actor, now } = context;
  const { seq, length: offset } = stream;
  if (
    exceedsBytes(text, limits.streamBytes) ||
    stream.bytes + utf8Bytes(text) > limits.streamBytes
  ) {
    const message = `Keep a streamed message under ${limits.streamBytes} bytes.`;
    throw new Refusal('too_large', message, { field: 'text' });
  }
  const length = offset + text.length;
  const open = appends.find(seq, actor.connection?.state.id);
  if (open !== undefined) {
    streams.extend(seq, open.offset, text);
    const effects = [{ type: 'extendAppend' as const, seq, text }];
    return { reply: replyOf(stream, open.rev, length), effects };
  }
  const { rev, position } = room.change();
  streams.append(stream, text, now);
  messages.grow(seq, rev);
  const event = { name: 'messageAppended' as const, payload: { roomId, seq, rev, offset, text } };
  const effects = [broadcast(context, event, position)];
  return { reply: replyOf(stream, rev, length), effects };
}

function replyOf(
  { seq, stopRequested }: Stream,
  rev: number,
  length: number,
): Reply<'appendMessage'> {
  return { seq, rev, length, ...(stopRequested && { stopRequested }) };
}
