import * as z from 'zod';
import { type ConversationState, notifySchema } from './inbox-objects.ts';
import { roomIdSchema, whole } from './objects.ts';

/**
 * What inboxes ask rooms. Only objects of the service ask these, so user ids and the like are not
 * looked into again.
 */
const roomId = roomIdSchema.optional();
const pair = { roomId, userId: z.string(), other: z.string() };

export const conversationRequests = {
  /** The state of a user's conversation, and with `watchMs` what happens in the room as it does. */
  getConversation: z.object({ roomId, userId: z.string(), watchMs: whole(0).optional() }),
  setReading: z.object({ roomId, notify: notifySchema.optional(), readUpTo: whole(0).optional() }),
  quitRoom: z.object({ roomId }),
  /** Whether the direct room of two users is there. */
  peekDirect: z.object(pair),
  openDirect: z.object({ ...pair, username: z.string().optional() }),
  setBlocked: z.object({ ...pair, username: z.string().optional(), blocked: z.boolean() }),
  /** Has the room look at all members and tell their inboxes what they do not know. */
  tellRoom: z.object({ roomId }),
} as const;

const told = z.object({ conversation: z.custom<ConversationState>() });

export const conversationReplies = {
  getConversation: told,
  setReading: told,
  quitRoom: told,
  peekDirect: z.object({ isOpen: z.boolean() }),
  openDirect: told.extend({ created: z.literal(true).optional() }),
  setBlocked: told,
  tellRoom: z.object({}),
} as const;
