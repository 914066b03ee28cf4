import { closeCodes } from '../../protocol/codes/close-codes.ts';
import type { Context, Handler } from '../context.ts';
import { eraseStep } from '../upkeep/erasing.ts';
import { assertAdmin } from '../access/access.ts';

/**
 * Removes a user from the room: their messages, reactions, mentions and name. Does the first step;
 * the room's wakeups do the rest.
 */
export const eraseUser: Handler<'eraseUser'> = (context, { userId }) => {
  const { erasures, room, access, actor } = context;
  assertAdmin(access);
  const isNew = erasures.of(userId) === undefined && isKnown(context, userId);
  if (isNew) {
    erasures.begin(userId, actor.identity.userId);
    room.countErasure();
  }
  const next = erasures.first();
  if (next === undefined) return { reply: { done: true } };
  const effects = [...eraseStep(context, next)];
  if (isNew) {
    effects.push({
      type: 'disconnect',
      audience: { to: 'user', userId },
      code: closeCodes.kicked,
      reason: 'You were erased from this room.',
      leave: 'kicked',
    });
  }
  return { reply: { done: false }, effects };
};

function isKnown(context: Context, userId: string): boolean {
  const { members, sentStates, messages, mentions, reactions, audit, files, perUser } = context;
  return (
    members.find(userId) !== undefined ||
    sentStates.find(userId)?.blocks === true ||
    messages.of(userId, 1).length > 0 ||
    mentions.seqsOf(userId, 1).length > 0 ||
    reactions.of(userId, 1).length > 0 ||
    audit.involving(userId, 1).length > 0 ||
    perUser.of(userId, 1).length > 0 ||
    files.isKnown(userId)
  );
}
