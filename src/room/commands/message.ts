import type { Payload, Reply } from '../../protocol/commands.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Message } from '../../protocol/objects.ts';
import { exceedsBytes } from '../../protocol/text.ts';
import type { Context, Handler, Outcome, RoomEvent } from '../context.ts';
import { ensureMember, actorName } from '../access/actor.ts';
import { assertMaySend, ranks } from '../access/access.ts';
import type { KnownMember } from '../storage/members.ts';

/** Stores a message once per sender and client id; sending it again answers with the first one. */
export const message: Handler<'message'> = (context, payload) => {
  const { messages, limits, access, state, now, actor } = context;
  assertText(payload.message, limits.messageBytes);
  const { id } = payload;
  const first = id === undefined ? undefined : messages.byClientId(actor.identity.userId, id);
  if (first !== undefined) return { reply: { message: first, duplicate: true } };
  assertMaySend(access, state, now);
  assertFits(context, payload);
  return send(context, payload);
};

/** @throws Refusal `too_large` */
export function assertText(text: string, mostBytes: number): void {
  if (!exceedsBytes(text, mostBytes)) return;
  throw new Refusal('too_large', `Keep a message under ${mostBytes} bytes.`, { field: 'message' });
}

/** @throws Refusal `too_large` */
export function assertMeta(meta: Payload<'message'>['meta']): void {
  if (meta === undefined || !exceedsBytes(JSON.stringify(meta), fixed.metaBytes)) return;
  throw new Refusal('too_large', `Keep meta under ${fixed.metaBytes} bytes.`, { field: 'meta' });
}

/** The mentions that a payload gives, each once. */
export function mentionsIn({
  mentions,
}: Pick<Payload<'message'>, 'mentions'>): string[] | undefined {
  return mentions && [...new Set(mentions)];
}

function assertFits({ messages }: Context, { meta, replyTo }: Payload<'message'>): void {
  assertMeta(meta);
  if (replyTo !== undefined && messages.find(replyTo) === undefined) {
    throw new Refusal('message_not_found', 'The message to reply to does not exist.', {
      field: 'replyTo',
    });
  }
}

function send(context: Context, payload: Payload<'message'>): Outcome<Reply<'message'>> {
  const { messages, mentions, search, room, ids, typing, roomId, state } = context;
  const sender = actorName(context, payload.sender, 'sender');
  const member = ensureMember(context, sender, { writes: true });
  keepPace(context, member);
  const { rev, timestamp, position } = room.change();
  const mentioned = mentionsIn(payload) ?? [];
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
    ...(payload.replyTo !== undefined && { replyTo: payload.replyTo }),
    ...(mentioned.length > 0 && { mentions: mentioned }),
    ...(payload.meta !== undefined && { meta: payload.meta }),
  };
  messages.add(sent);
  mentions.add(rev, othersOf(sent));
  if (rev - state.indexed >= fixed.unindexedRevs) search.catchUp();
  typing.end(sender.userId);
  const tell: RoomEvent[] = [{ name: 'message', payload: sent }];
  return { reply: { message: sent }, position, tell };
}

/** Whom a message calls; oneself does not count. */
export function othersOf({ mentions = [], senderId }: Message): string[] {
  return mentions.filter((userId) => userId !== senderId);
}

/** Slow mode binds members; its clock must survive the room's sleep. */
function keepPace({ access, state, members, now }: Context, member: KnownMember): void {
  if (state.slowModeSeconds === 0 || access.rank > ranks.member) return;
  const retryAfterMs = (member.lastSentAt ?? 0) + state.slowModeSeconds * 1_000 - now;
  if (retryAfterMs > 0 && retryAfterMs <= state.slowModeSeconds * 1_000) {
    throw new Refusal('slow_mode', 'Slow mode is on; wait before you send again.', {
      retryAfterMs,
    });
  }
  members.put({ ...member, lastSentAt: now });
}
