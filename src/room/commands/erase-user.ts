import { closeCodes } from '../../protocol/codes/close-codes.ts';
import type { Context, Handler } from '../context.ts';
import { eraseStep } from '../upkeep/erasing.ts';
import { assertAdmin } from '../access/access.ts';

/**
 * Takes a person out of the room: what they said and did, and their name. Does a step of it; the
 * room's wakeup does the rest.
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
  return {
    ...eraseStep(context, next),
    reply: { done: false },
    ...(isNew && {
      sendAway: { userId, code: closeCodes.kicked, reason: 'You were erased from this room.' },
    }),
  };
};

function isKnown(context: Context, userId: string): boolean {
  const { members, messages, mentions, reactions, audit } = context;
  return (
    members.find(userId) !== undefined ||
    messages.of(userId, 1).length > 0 ||
    mentions.seqsOf(userId, 1).length > 0 ||
    reactions.of(userId, 1).length > 0 ||
    audit.involving(userId, 1).length > 0
  );
}
