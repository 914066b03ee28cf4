import { fixed } from '../../protocol/codes/limits.ts';
import type { Handler } from '../context.ts';
import { broadcast } from '../effects.ts';
import { actorName } from '../access/actor.ts';
import { assertMaySend } from '../access/access.ts';

/**
 * Broadcasts that the actor is typing, or has stopped: never stored, and at most once in 3 s for each
 * user.
 */
export const typing: Handler<'typing'> = (context, payload) => {
  const { presence, typing: notices, roomId, access, state, now } = context;
  assertMaySend(access, state, now);
  const isTyping = payload.isTyping ?? true;
  const who = actorName(context, undefined, 'username');
  if (presence.count > fixed.typingUsers || !notices.shouldBroadcast(who.userId, isTyping)) {
    return { reply: {} };
  }
  const event = { name: 'typing' as const, payload: { roomId, ...who, isTyping } };
  return { reply: {}, effects: [broadcast(context, event)] };
};
