import * as z from 'zod';
import { roomId } from './fields.ts';
import { type ConversationState, noticeSchema, notifySchema } from './inbox-objects.ts';
import { whole } from './objects.ts';

const pair = { roomId, userId: z.string(), other: z.string() };
const withConversation = z.object({ conversation: z.custom<ConversationState>() });

/** How far the export of a user has come: everything up to these has been written. */
const userExportCursorSchema = z.object({
  /** The id of a message, as its sender gave it. */
  message: z.string(),
  /** The message and emoji of a reaction. */
  seq: z.number(),
  emoji: z.string(),
  /** The `seq` of a value that a command of the application has stored. */
  value: z.number(),
});
export type UserExportCursor = z.infer<typeof userExportCursorSchema>;

/**
 * The requests of inboxes to rooms. Only other parts of the service send them, so they have no routes,
 * and fields such as user ids are not validated again.
 */
export const conversationRequests = {
  /**
   * The state of a user's conversation. With `watchMs` the room also sends the inbox each change
   * for that long.
   */
  getConversation: {
    payload: z.object({ roomId, userId: z.string(), watchMs: whole(0).optional() }),
    reply: withConversation,
    via: 'service',
    access: 'always',
  },
  /**
   * What a user is to be notified of now; no `notice` where they have read everything or
   * have no access.
   */
  getNotice: {
    payload: z.object({ roomId, userId: z.string() }),
    reply: z.object({ notice: noticeSchema.optional() }),
    via: 'service',
    access: 'always',
  },
  /**
   * What a user has written in the room, as lines of JSON.
   * @property cursor the `next` of the previous page
   */
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
  /** Whether the direct room of two users is open. */
  peekDirect: { payload: z.object(pair), reply: z.object({ isOpen: z.boolean() }), via: 'service' },
  /** Makes the direct room, so that it stores blocks, and opens it to nobody. */
  prepareDirect: { payload: z.object({ roomId }), reply: z.object({}), via: 'service' },
  /** @property blocks whether the user blocks the other one; left out, what the room has stored stays */
  openDirect: {
    payload: z.object({
      ...pair,
      username: z.string().optional(),
      blocks: z.literal(true).optional(),
    }),
    reply: withConversation.extend({ created: z.literal(true).optional() }),
    via: 'service',
  },
  /**
   * A room that does not exist stores nothing, and replies no conversation.
   * @property other read only by rooms of earlier versions
   */
  setBlocked: {
    payload: z.object({
      roomId,
      userId: z.string(),
      other: z.string().optional(),
      blocked: z.boolean(),
    }),
    reply: withConversation.partial(),
    via: 'service',
  },
  /** Compares the inboxes of all members with the room, and updates them. */
  tellRoom: {
    payload: z.object({ roomId }),
    reply: z.object({}),
    via: 'http',
    route: 'POST /tell',
    hasOwnHandler: true,
    summary: 'Has the room compare and update the inboxes of its members; for admins.',
  },
} as const;
