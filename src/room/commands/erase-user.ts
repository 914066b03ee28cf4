import { closeCodes } from '../../protocol/close-codes.ts';
import type { Context, Handler } from '../context.ts';
import { eraseStep } from '../erasing.ts';
import { assertAdmin } from '../standing.ts';

/**
 * Takes a person out of the room: what they said and did, and their name. Does a step of it; the
 * room's wakeup does the rest.
 */
export const eraseUser: Handler<'eraseUser'> = (context, { userId }) => {
  const { erasures, room, standing, speaker } = context;
  assertAdmin(standing);
  const pending = erasures.of(userId);
  if (pending !== undefined) return { ...eraseStep(context, pending), reply: { done: false } };
  if (!isKnown(context, userId)) return { reply: { done: !erasures.hasTraces() } };
  erasures.begin(userId, speaker.identity.userId);
  room.countErasure();
  return {
    ...eraseStep(context, erasures.of(userId)!),
    reply: { done: false },
    sendAway: { userId, code: closeCodes.kicked, reason: 'You were erased from this room.' },
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
