import * as z from 'zod';
import { parsePosition } from './position.ts';
import { wrongRoomId, wrongUserId, wrongUsername } from './text.ts';

/** Makes a string schema of one of the `wrong…` functions. */
function label(wrong: (text: string) => string | undefined) {
  return z.string({ error: 'must be a string' }).superRefine((text, context) => {
    const why = wrong(text);
    if (why !== undefined) context.addIssue({ code: 'custom', message: why });
  });
}

export const roomIdSchema = label(wrongRoomId);
export const usernameSchema = label(wrongUsername);
export const userIdSchema = label(wrongUserId);

/** A whole number within bounds; without `most`, up to what JSON numbers hold exactly. */
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

/** What a member said. `seq` is an order, not a count. */
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
});
export type Member = z.infer<typeof memberSchema>;

/** A user who is here now. */
export const presentSchema = z.object({
  userId: z.string(),
  username: z.string(),
  unverified: z.literal(true).optional(),
});
export type Present = z.infer<typeof presentSchema>;

export const roomSchema = z.object({
  roomId: z.string(),
  createdAt: time,
  private: z.boolean(),
  readOnly: z.boolean(),
  slowModeSeconds: z.number(),
  memberCount: z.number(),
  horizon: z.number(),
});
export type RoomInfo = z.infer<typeof roomSchema>;

export const youSchema = z.object({
  userId: z.string(),
  username: z.string(),
  role: roleSchema,
  unverified: z.literal(true).optional(),
  expiresAt: time.optional(),
  guestToken: z.string().optional(),
});
export type You = z.infer<typeof youSchema>;
