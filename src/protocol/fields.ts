import * as z from 'zod';
import { emojiKind } from './emoji.ts';
import { fixed } from './codes/limits.ts';
import {
  checkedString,
  memberSchema,
  messageSchema,
  roles,
  roomIdSchema,
  streamEndings,
  userIdSchema,
  whole,
} from './objects.ts';
import { wrongEmoji, wrongLine } from './text.ts';
import { isVisible } from './visible.ts';

/** Fields that payloads and replies of several commands share. */

export const roomId = roomIdSchema.optional();
/** A name that the sender claims. Validated only where it is used: see `room/access/names.ts`. */
export const claimedName = z.unknown().optional();
export const flag = z.boolean({ error: 'must be true or false' }).optional();

/** The id that the sender gave a message; makes resending safe. */
export const clientId = z
  .string({ error: 'must be a string' })
  .min(1, { error: 'must not be empty' })
  .max(64, { error: 'must be at most 64 characters' });

export const emoji = checkedString(wrongEmoji).transform(emojiKind);

/** What is wrong with a text that must have something visible, to complete "message …". */
export function wrongText(text: string | undefined): string | undefined {
  if (text === undefined) return 'must be a string';
  if (text === '') return 'must not be empty';
  return isVisible(text) ? undefined : 'must have something to read';
}

/** The text of a message with files; it may be empty. */
export const caption = z.string({ error: 'must be a string' });
export const fileId = z
  .string({ error: 'must be a string' })
  .regex(/^[\w-]{1,64}$/, { error: 'must be an id that an upload gave' });
export const fileIds = z
  .array(fileId, { error: 'must be a list of file ids' })
  .max(fixed.messageFiles, { error: `must name at most ${fixed.messageFiles} files` })
  .optional();
export const mentions = z
  .array(userIdSchema, { error: 'must be a list of user ids' })
  .max(fixed.mentions, { error: `must name at most ${fixed.mentions} users` })
  .optional();
export const meta = z
  .record(z.string(), z.unknown(), { error: 'must be a JSON object' })
  .optional();
/** A kind of message that the application declares. */
export const kindName = z.string({ error: 'must be a string' }).optional();
/** The data of a message of a kind. */
export const data = z
  .record(z.string(), z.unknown(), { error: 'must be a JSON object' })
  .optional();
export const line = (most: number) => checkedString((text) => wrongLine(text, most));
export const note = line(fixed.noteCharacters).optional();
export const role = z.enum(roles, { error: `must be one of ${roles.join(', ')}` });
export const seconds = whole(1, fixed.sanctionSeconds).optional();

export const messages = z.array(messageSchema);
export const hasMore = z.boolean();
export const changedMessage = z.object({ message: messageSchema });
/**
 * The emoji with which the asking user has reacted to the messages of a reply, by `seq`. Messages
 * without a reaction of theirs are left out; if there is none at all, so is the field.
 */
export const ownReactions = { myReactions: z.record(z.string(), z.array(z.string())).optional() };
export const reacted = changedMessage.extend({ myReactions: z.array(z.string()) });
/** The state of a streamed text: where the next append begins, in UTF-16 units, and how it ended. */
export const streamed = z.object({
  seq: z.number(),
  rev: z.number(),
  length: z.number(),
  status: z.enum(['done', ...streamEndings]).optional(),
});
/** The same at its end. `refused`: a rule of the application has deleted the message, for `reason`. */
export const finished = streamed.extend({
  status: z.enum(['done', ...streamEndings, 'refused']).optional(),
  reason: z.string().optional(),
});
export const changedMember = z.object({ member: memberSchema });

/** How many of the values are given. */
export function countOf(...values: unknown[]): number {
  return values.filter((value) => value !== undefined).length;
}
