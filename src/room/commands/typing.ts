import { fixed } from '../../protocol/codes/limits.ts';
import type { Handler } from '../context.ts';
import { shown } from '../access/actor.ts';
import { assertMaySend } from '../access/access.ts';

/** Never stored, and heard at most once in 3 s a user. */
export const typing: Handler<'typing'> = (context, payload) => {
  const { presence, typing: notices, roomId, standing, state, now } = context;
  assertMaySend(standing, state, now);
  const isTyping = payload.isTyping ?? true;
  const who = shown(context, undefined, 'username');
  if (presence.count > fixed.typingUsers || !notices.notice(who.userId, isTyping)) {
    return { reply: {} };
  }
  return { reply: {}, tell: [{ name: 'typing', payload: { roomId, ...who, isTyping } }] };
};
