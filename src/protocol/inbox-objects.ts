import * as z from 'zod';
import { roleSchema } from './objects.ts';

/** What a user wants to be notified of in one room. */
export const notifyLevels = ['all', 'mentions', 'none'] as const;
export const notifySchema = z.enum(notifyLevels, {
  error: `must be one of ${notifyLevels.join(', ')}`,
});
export type Notify = z.infer<typeof notifySchema>;

/** The message that a conversation shows in a list. */
export const excerptSchema = z.object({
  seq: z.number(),
  senderId: z.string(),
  sender: z.string(),
  /** The first 100 code points, without line breaks. */
  excerpt: z.string(),
  /** Epoch milliseconds. */
  timestamp: z.number(),
});
export type Excerpt = z.infer<typeof excerptSchema>;

/** A room on whose list the user is, as its inbox shows it. */
export const conversationSchema = z.object({
  roomId: z.string(),
  /** The inbox's `rev` of the last change of this conversation. */
  rev: z.number(),
  kind: z.enum(['room', 'direct']),
  topic: z.string().optional(),
  /** The other user of a direct room. */
  with: z.object({ userId: z.string(), username: z.string() }).optional(),
  last: excerptSchema.optional(),
  role: roleSchema,
  readUpTo: z.number(),
  /** At most 100, which means 100 or more. */
  unread: z.number(),
  unreadMentions: z.number(),
  /** Marked as unread from this `seq` on; `readUpTo` does not fall. */
  unreadFrom: z.number().optional(),
  notify: notifySchema,
  pinned: z.literal(true).optional(),
  archived: z.literal(true).optional(),
  /** Left out of pages, which have `hasDraft` instead. */
  draft: z.string().optional(),
  hasDraft: z.literal(true).optional(),
  /** When the room last sent a new state, in epoch milliseconds; lists are sorted by it. */
  activityAt: z.number(),
});
export type Conversation = z.infer<typeof conversationSchema>;

/** How many conversations are unread and how many have unread mentions; muted ones are left out. */
export const totalsSchema = z.object({ unread: z.number(), mentions: z.number() });
export type Totals = z.infer<typeof totalsSchema>;

/**
 * What a room sends to the inbox of one of its members: the whole state, never a difference, so that it
 * may arrive twice, late or out of order. Objects of different releases exchange it, so fields are only
 * ever added.
 */
export interface ConversationState {
  /** Only grows for one room id, over all lives of the room; at least the clock's milliseconds. */
  version: number;
  /**
   * Of two states with the same version, the later has the newer counts. Epoch milliseconds,
   * approximately.
   */
  asOf: number;
  /** The user is not on the list, or banned, or the room is gone. The other fields mean nothing then. */
  gone?: true;
  kind: 'room' | 'direct';
  topic?: string;
  with?: { userId: string; username: string };
  last?: Excerpt;
  role: z.infer<typeof roleSchema>;
  readUpTo: number;
  unread: number;
  unreadMentions: number;
  notify: Notify;
  /** The newest unread message that the user is to be notified of; `at` is its time. */
  notice?: { seq: number; at: number };
  /** When this version was made, in epoch milliseconds. */
  at: number;
  /** Since when the user has had the conversation, in epoch milliseconds; absent where that is not known. */
  since?: number;
  /**
   * Sent to a user who is looking at the list, with current counts: the stored update of the same
   * version may hold others.
   */
  live?: true;
}

/** What a notification says of the newest message that a user is to be notified of. */
export const noticeSchema = excerptSchema.extend({
  kind: z.enum(['room', 'direct']),
  topic: z.string().optional(),
  /** Whether the message mentions the user. */
  mention: z.boolean(),
  /** At most 100. */
  unread: z.number(),
});
export type Notice = z.infer<typeof noticeSchema>;

/** The prefix of the ids of direct rooms, and of no others. */
export const DIRECT_PREFIX = 'direct:';

export function isDirect(roomId: string): boolean {
  return roomId.startsWith(DIRECT_PREFIX);
}
