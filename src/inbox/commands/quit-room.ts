import { refusalOf } from '../../protocol/codes/errors.ts';
import type { InboxHandler } from '../context.ts';
import { assertVisible } from './set-conversation.ts';

/**
 * Takes the user off a room's list. What the room remembers of mutes and bans stays. The inbox need not
 * know the room: the update for a new one comes up to a second later.
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
