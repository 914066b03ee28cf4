import { refusalOf } from '../../protocol/codes/errors.ts';
import type { InboxHandler } from '../context.ts';
import { assertVisible } from './set-conversation.ts';

/**
 * Removes the user from a room's list. Mutes and bans stay. The inbox need not know the room: the
 * update for a new one arrives up to a second later.
 */
export const quitRoom: InboxHandler<'quitRoom'> = (context, { roomId }) => {
  assertVisible(context, roomId);
  const { identity } = context.actor;
  return {
    asks: [{ to: { room: roomId }, identity, name: 'quitRoom', payload: { roomId } }],
    resume: (_, [answer]) => {
      if (answer?.result.ok === false) throw refusalOf(answer.result.error);
      return { reply: {} };
    },
  };
};
