import * as z from 'zod';
import { parsePosition } from './position.ts';
import { wrongKnownUserId, wrongRoomId, wrongUserId } from './text.ts';

/** Makes a string schema of one of the `wrong…` functions. */
export function checkedString(wrong: (text: string) => string | undefined) {
  return z.string({ error: 'must be a string' }).superRefine((text, context) => {
    const why = wrong(text);
    if (why !== undefined) context.addIssue({ code: 'custom', message: why });
  });
}

export const roomIdSchema = checkedString(wrongRoomId);
export const userIdSchema = checkedString(wrongUserId);
/** For requests that only look a user up or erase one. */
export const knownUserIdSchema = checkedString(wrongKnownUserId);

/** A whole number within limits; without `most`, up to the largest that a JSON number holds exactly. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER) {
  const error =
    most === Number.MAX_SAFE_INTEGER
      ? `must be a whole number from ${least} on`
      : `must be a whole number from ${least} to ${most}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error });
}

/** `"<epoch>:<rev>"`, as a join reply or a `position` line gave it. */
export const positionSchema = z
  .string({ error: 'must be a position' })
  .refine((text) => parsePosition(text) !== undefined, {
    error: 'must be a position as a join reply gave it, such as "0:0"',
  });

/** Epoch milliseconds. */
const time = z.number();

/** A program, by the claim `bot` of its token. */
const bot = z.literal(true).optional();

/** An uploaded file. Its type is detected from its bytes; its size is in bytes. */
const storedFileSchema = z.object({
  fileId: z.string(),
  type: z.string(),
  size: z.number(),
  /** SHA-256 of its bytes, 64 hexadecimal digits. */
  sha256: z.string(),
  /** In pixels, for pictures whose header has them. */
  width: z.number().optional(),
  height: z.number().optional(),
});

export const fileSchema = storedFileSchema.extend({
  name: z.string(),
  /** A smaller picture of the file, made by its uploader. */
  preview: storedFileSchema.optional(),
});
export type FileInfo = z.infer<typeof fileSchema>;

/**
 * How a streamed text can end before it is done: its sender was asked to stop, producing it failed, or
 * its sender fell silent.
 */
export const streamEndings = ['stopped', 'failed', 'interrupted'] as const;
export type StreamEnding = (typeof streamEndings)[number];

/** A message. `seq` orders messages and does not count them. */
export const messageSchema = z.object({
  roomId: z.string(),
  seq: z.number(),
  rev: z.number(),
  id: z.string(),
  senderId: z.string(),
  sender: z.string(),
  message: z.string(),
  timestamp: time,
  unverified: z.literal(true).optional(),
  bot,
  editedAt: time.optional(),
  /** A deleted message keeps its place, with an empty text. */
  deletedAt: time.optional(),
  /** `seq` of the message this one answers. */
  replyTo: z.number().optional(),
  /** Number of replies, at most 1,000; counted when read, so a new reply does not change `rev`. */
  replyCount: z.number().optional(),
  /** User ids. */
  mentions: z.array(z.string()).optional(),
  meta: z.record(z.string(), z.unknown()).optional(),
  /** A kind of the application's own, with its data. */
  kind: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
  files: z.array(fileSchema).optional(),
  /** Emoji to count. */
  reactions: z.record(z.string(), z.number()).optional(),
  /** Its text is still being appended to. */
  streaming: z.literal(true).optional(),
  /** How its text ended; absent where it was completed. */
  status: z.enum(streamEndings).optional(),
});
export type Message = z.infer<typeof messageSchema>;

export const roles = ['owner', 'moderator', 'member', 'viewer', 'none'] as const;
export const roleSchema = z.enum(roles);
export type Role = z.infer<typeof roleSchema>;

/** A user known to a room. `role` is `none` for one who is not on its list. */
export const memberSchema = z.object({
  userId: z.string(),
  username: z.string(),
  role: roleSchema,
  online: z.boolean(),
  unverified: z.literal(true).optional(),
  bot,
  mutedUntil: time.optional(),
  banned: z.literal(true).optional(),
});
export type Member = z.infer<typeof memberSchema>;

/** A user who is online now. */
export const presentSchema = z.object({
  userId: z.string(),
  username: z.string(),
  unverified: z.literal(true).optional(),
  bot,
});
export type Present = z.infer<typeof presentSchema>;

export const roomSchema = z.object({
  roomId: z.string(),
  /** A room of two people; absent in any other. */
  kind: z.literal('direct').optional(),
  /** 0 until the first write. */
  createdAt: time,
  topic: z.string().optional(),
  private: z.boolean(),
  readOnly: z.boolean(),
  slowModeSeconds: z.number(),
  retentionDays: z.number().optional(),
  memberCount: z.number(),
  horizon: z.number(),
  /** `seq` of each pinned message, the one pinned last first; absent where none is. */
  pins: z.array(z.number()).optional(),
});
export type RoomInfo = z.infer<typeof roomSchema>;

export const youSchema = z.object({
  userId: z.string(),
  username: z.string(),
  role: roleSchema,
  unverified: z.literal(true).optional(),
  bot,
  mutedUntil: time.optional(),
  readUpTo: z.number(),
  unread: z.number(),
  unreadMentions: z.number(),
  expiresAt: time.optional(),
  guestToken: z.string().optional(),
});
export type You = z.infer<typeof youSchema>;

/** One user's reaction to a message. */
export const reactionSchema = z.object({
  emoji: z.string(),
  userId: z.string(),
  username: z.string(),
});
export type Reaction = z.infer<typeof reactionSchema>;

/** How far a user has read. */
export const receiptSchema = z.object({ userId: z.string(), readUpTo: z.number() });
export type Receipt = z.infer<typeof receiptSchema>;

/** A webhook by which another system writes into a room. */
export const incomingSchema = z.object({
  id: z.string(),
  name: z.string(),
  createdBy: z.string(),
  createdAt: time,
});
export type Incoming = z.infer<typeof incomingSchema>;

/** An act of a moderator, owner or admin. */
export const actSchema = z.object({
  id: z.number(),
  timestamp: time,
  by: z.string(),
  act: z.string(),
  userId: z.string().optional(),
  seq: z.number().optional(),
  note: z.string().optional(),
  /** What was set, for acts that set something. */
  change: z.record(z.string(), z.unknown()).optional(),
});
export type Act = z.infer<typeof actSchema>;
