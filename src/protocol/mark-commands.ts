import * as z from 'zod';
import { fixed } from './codes/limits.ts';
import { emoji, hasMore, messages, ownReactions, reacted, roomId } from './fields.ts';
import { reactionSchema, whole } from './objects.ts';
import type { Operation } from './operation.ts';

/** `seq` of each pinned message, the one pinned last first. */
const pins = z.array(z.number());

/** The part of `operations` that marks messages: reactions and pins. */
export const markCommands = {
  addReaction: {
    payload: z.object({ roomId, seq: whole(1), emoji }),
    reply: reacted,
    route: 'PUT /messages/:seq/reactions/:emoji',
    summary: 'Reacts to a message.',
  },
  removeReaction: {
    payload: z.object({ roomId, seq: whole(1), emoji }),
    reply: reacted,
    route: 'DELETE /messages/:seq/reactions/:emoji',
    summary: 'Takes a reaction back.',
  },
  getReactions: {
    payload: z.object({
      roomId,
      seq: whole(1),
      after: z.string({ error: 'must be a string' }).optional(),
      limit: whole(1, fixed.reactionsPage).optional(),
    }),
    reply: z.object({ reactions: z.array(reactionSchema), hasMore }),
    route: 'GET /messages/:seq/reactions',
    summary: 'Who reacted to a message.',
  },
  pinMessage: {
    payload: z.object({ roomId, seq: whole(1) }),
    reply: z.object({ pins }),
    route: 'PUT /pins/:seq',
    summary: 'Pins a message; for moderators, in direct rooms for both users.',
  },
  unpinMessage: {
    payload: z.object({ roomId, seq: whole(1) }),
    reply: z.object({ pins }),
    route: 'DELETE /pins/:seq',
    summary: 'Unpins a message; for moderators, in direct rooms for both users.',
  },
  getPins: {
    /** `after`: the last message of the previous page. */
    payload: z.object({ roomId, after: whole(1).optional() }),
    reply: z.object({ messages, hasMore, ...ownReactions }),
    cost: 5,
    route: 'GET /pins',
    summary: 'The pinned messages, the one pinned last first.',
  },
} as const satisfies Record<string, Operation>;
