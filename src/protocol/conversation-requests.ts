import * as z from 'zod';
import { roomId } from './fields.ts';
import { type ConversationState, noticeSchema, notifySchema } from './inbox-objects.ts';
import { whole } from './objects.ts';

const pair = { roomId, userId: z.string(), other: z.string() };
const withName = { ...pair, username: z.string().optional() };
const withConversation = z.object({ conversation: z.custom<ConversationState>() });

/** How far the export of a user has come: what is up to these is out. */
const userExportCursorSchema = z.object({
  /** The id of a message, as its sender gave it. */
  message: z.string(),
  /** A reaction. */
  seq: z.number(),
  emoji: z.string(),
  /** The `seq` of a value that a command of the application has stored. */
  value: z.number(),
});
export type UserExportCursor = z.infer<typeof userExportCursorSchema>;

/**
 * What inboxes ask rooms. Only objects of the service ask these, so they have no routes, and user ids
 * and the like are not looked into again.
 */
export const conversationRequests = {
  /** The state of a user's conversation, and with `watchMs` what happens in the room as it does. */
  getConversation: {
    payload: z.object({ roomId, userId: z.string(), watchMs: whole(0).optional() }),
    reply: withConversation,
    via: 'service',
    access: 'always',
  },
  /** What a user is to be notified of as of now; nothing where they have read it, or may not. */
  getNotice: {
    payload: z.object({ roomId, userId: z.string() }),
    reply: z.object({ notice: noticeSchema.optional() }),
    via: 'service',
    access: 'always',
  },
  /** What a user has written in the room, as lines of JSON. @property cursor the `next` of the page before */
  exportUser: {
    payload: z.object({ roomId, userId: z.string(), cursor: userExportCursorSchema.optional() }),
    reply: z.object({ text: z.string(), next: userExportCursorSchema.optional() }),
    via: 'service',
    access: 'always',
  },
  setReading: {
    payload: z.object({ roomId, notify: notifySchema.optional(), readUpTo: whole(0).optional() }),
    reply: withConversation,
    via: 'service',
  },
  quitRoom: { payload: z.object({ roomId }), reply: withConversation, via: 'service' },
  /** Whether the direct room of two users is there. */
  peekDirect: { payload: z.object(pair), reply: z.object({ isOpen: z.boolean() }), via: 'service' },
  openDirect: {
    payload: z.object(withName),
    reply: withConversation.extend({ created: z.literal(true).optional() }),
    via: 'service',
  },
  setBlocked: {
    payload: z.object({ ...withName, blocked: z.boolean() }),
    reply: withConversation,
    via: 'service',
  },
  /** Compares and updates the inboxes of all members. */
  tellRoom: {
    payload: z.object({ roomId }),
    reply: z.object({}),
    via: 'http',
    route: 'POST /tell',
    hasOwnHandler: true,
    summary: 'Has the room compare and update the inboxes of its members; for admins.',
  },
} as const;
