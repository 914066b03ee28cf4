import { Refusal } from '../../protocol/errors.ts';
import type { Message } from '../../protocol/objects.ts';
import { exceedsBytes } from '../../protocol/text.ts';
import type { Handler } from '../context.ts';
import { enlist, shown } from '../speaker.ts';

/** Stores a message once per sender and client id; sending it again answers with the first one. */
export const message: Handler<'message'> = (context, payload) => {
  const { messages, room, limits, ids, typing, roomId } = context;
  if (exceedsBytes(payload.message, limits.messageBytes)) {
    throw new Refusal('too_large', `Keep a message under ${limits.messageBytes} bytes.`, {
      field: 'message',
    });
  }
  const sender = shown(context, payload.sender, 'sender');
  const first =
    payload.id === undefined ? undefined : messages.byClientId(sender.userId, payload.id);
  if (first !== undefined) return { reply: { message: first, duplicate: true } };

  enlist(context, sender);
  const { rev, timestamp, position } = room.change();
  const sent: Message = {
    roomId,
    seq: rev,
    rev,
    id: payload.id ?? ids.make(),
    senderId: sender.userId,
    sender: sender.username,
    message: payload.message,
    timestamp,
    ...(sender.unverified && { unverified: sender.unverified }),
  };
  messages.add(sent);
  typing.end(sender.userId);
  return { reply: { message: sent }, position, tell: [{ name: 'message', payload: sent }] };
};
