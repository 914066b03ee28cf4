import { inboxLimits } from '../../protocol/codes/inbox-limits.ts';
import { service } from '../conversations/ask-room.ts';
import type { InboxContext, InboxHandler } from '../context.ts';
import type { Answer } from '../ports.ts';

/**
 * Erases the user from some of the rooms that the inbox ever held, and the inbox itself once none is
 * left. Rooms continue by themselves; ask again until it is done. The transport has checked that an
 * admin asks.
 */
export const eraseInbox: InboxHandler<'eraseInbox'> = (context) => {
  const { conversations, userId } = context;
  const roomIds = conversations.roomsAfter(userId, '', inboxLimits.rebuildRooms);
  if (roomIds.length === 0) return { reply: forget(context) };
  const identity = service(userId);
  const asked = roomIds.map((roomId) => ({
    roomId,
    version: conversations.find(userId, roomId)?.version ?? 0,
  }));
  return {
    asks: roomIds.map((roomId) => ({
      to: { room: roomId },
      identity,
      name: 'eraseUser',
      payload: { roomId, userId },
    })),
    resume: (later, answers) => {
      for (const [at, { roomId, version }] of asked.entries()) {
        if (isErased(answers[at])) later.conversations.markErased(userId, roomId, version);
      }
      const left = later.conversations.countAfter(userId, '');
      return { reply: left === 0 ? forget(later) : { done: false, left } };
    },
  };
};

/** A deleted room holds nothing of the user any more. */
function isErased(answer: Answer | undefined): boolean {
  if (answer === undefined) return false;
  const { result } = answer;
  if (!result.ok) return result.error.code === 'room_not_found';
  return 'done' in result && result.done === true;
}

/** Erases the inbox; updates that rooms have sent so far are ignored from now on. */
function forget(context: InboxContext) {
  const { accounts, blocks, conversations, directs, userId } = context;
  context.forgetPushes();
  conversations.forget(userId);
  blocks.forget(userId);
  directs.forget(userId);
  accounts.restart(userId);
  return { done: true, left: 0 };
}
