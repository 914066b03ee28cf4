import { assertMaySend } from '../access/access.ts';
import type { Handler } from '../context.ts';
import { findUndeleted } from '../messages/find-message.ts';

/** Asks the sender of a streaming message to end it. Stored, so that replies to later appends carry it. */
export const stopMessage: Handler<'stopMessage'> = (context, { seq }) => {
  const { streams, access, state, now, roomId, actor } = context;
  assertMaySend(access, state, now);
  const stream = streams.find(seq);
  if (stream === undefined) findUndeleted(context, seq);
  if (stream === undefined || stream.stopRequested) return { reply: {} };
  streams.requestStop(seq);
  const payload = { roomId, seq, by: actor.identity.userId };
  const event = { name: 'stopRequested' as const, payload };
  const audience = { to: 'user' as const, userId: stream.userId };
  return { reply: {}, effects: [{ type: 'broadcast', event, audience }] };
};
