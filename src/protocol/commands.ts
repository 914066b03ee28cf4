import * as z from 'zod';
import { isOptional, nullAsAbsent, withoutNulls } from './absent.ts';
import { invalidField, Refusal } from './codes/errors.ts';
import { emojiKind } from './emoji.ts';
import { exportCursorSchema } from './export-lines.ts';
import { fixed } from './codes/limits.ts';
import {
  actSchema,
  knownUserIdSchema,
  label,
  memberSchema,
  messageSchema,
  positionSchema,
  presentSchema,
  reactionSchema,
  receiptSchema,
  roles,
  roomIdSchema,
  roomSchema,
  streamEndings,
  userIdSchema,
  whole,
  youSchema,
} from './objects.ts';
import { wrongEmoji, wrongLine, wrongPrefix } from './text.ts';
import { isVisible } from './visible.ts';

const roomId = roomIdSchema.optional();
/** A name its sender claims. Looked into only where it counts: see `room/names.ts`. */
const claimed = z.unknown().optional();
const flag = z.boolean({ error: 'must be true or false' }).optional();

/** The sender's own id of a message; makes resending safe. */
const clientId = z
  .string({ error: 'must be a string' })
  .min(1, { error: 'must not be empty' })
  .max(64, { error: 'must be at most 64 characters' });

const emoji = label(wrongEmoji).transform(emojiKind);

/** What a message says; a blank one says nothing. */
const said = z
  .string({ error: 'must be a string' })
  .min(1, { error: 'must not be empty' })
  .refine(isVisible, { error: 'must have something to read' });
const mentions = z
  .array(userIdSchema, { error: 'must be a list of user ids' })
  .max(fixed.mentions, { error: `must name at most ${fixed.mentions} users` })
  .optional();
const meta = z.record(z.string(), z.unknown(), { error: 'must be a JSON object' }).optional();
const line = (most: number) => label((text) => wrongLine(text, most));
const note = line(fixed.noteCharacters).optional();
const role = z.enum(roles, { error: `must be one of ${roles.join(', ')}` });
const seconds = whole(1, fixed.sanctionSeconds).optional();

/** The payload of every command. Unknown fields are ignored, and null in an optional one is absent. */
export const commands = {
  joinRoom: z.object({
    roomId,
    username: claimed,
    since: positionSchema.optional(),
    history: whole(0, fixed.historyPage).optional(),
    gather: flag,
    /** A name for one running client: its connections replace one another. */
    session: clientId.optional(),
  }),
  leaveRoom: z.object({ roomId }),
  message: z
    .object({
      roomId,
      message: z.string({ error: 'must be a string' }),
      sender: claimed,
      id: clientId.optional(),
      replyTo: whole(1).optional(),
      mentions,
      meta,
      /** Its text, which may be empty, is the beginning of what will be appended to. */
      streaming: flag,
    })
    .superRefine(({ message, streaming }, context) => {
      const issue = streaming === true ? undefined : said.safeParse(message).error?.issues[0];
      if (issue !== undefined) {
        context.addIssue({ code: 'custom', message: issue.message, path: ['message'] });
      }
    }),
  appendMessage: z.object({
    roomId,
    seq: whole(1),
    /** Where the text begins, in UTF-16 units. */
    offset: whole(0),
    /** Nothing is a sign of life. */
    text: z.string({ error: 'must be a string' }),
  }),
  finishMessage: z.object({
    roomId,
    seq: whole(1),
    status: z
      .enum(['done', 'stopped', 'failed'], { error: 'must be one of done, stopped, failed' })
      .optional(),
  }),
  stopMessage: z.object({ roomId, seq: whole(1) }),
  typing: z.object({ roomId, isTyping: flag }),
  getHistory: z
    .object({
      roomId,
      before: whole(1).optional(),
      after: whole(0).optional(),
      around: whole(1).optional(),
      limit: whole(1, fixed.historyPage).optional(),
      thread: whole(1).optional(),
    })
    .refine(({ before, after, around }) => countOf(before, after, around) <= 1, {
      error: 'goes with neither after nor around: name one of the three',
      path: ['before'],
    }),
  getMissed: z.object({
    roomId,
    after: positionSchema,
    limit: whole(1, fixed.missedPage).optional(),
  }),
  getMembers: z
    .object({
      roomId,
      after: knownUserIdSchema.optional(),
      limit: whole(1, fixed.membersPage).optional(),
      online: flag,
      /** Of a word of the name, or of the user id; without case and accents. */
      prefix: label(wrongPrefix).optional(),
    })
    .refine(({ after, prefix }) => countOf(after, prefix) <= 1, {
      error: 'does not go with prefix: type more of the name to find fewer',
      path: ['after'],
    }),
  editMessage: z.object({
    roomId,
    seq: whole(1),
    message: said,
    /** What they take the place of stays where they are absent. */
    mentions,
    meta,
    ifRev: whole(1).optional(),
  }),
  deleteMessage: z.object({ roomId, seq: whole(1), note, ifRev: whole(1).optional() }),
  addReaction: z.object({ roomId, seq: whole(1), emoji }),
  removeReaction: z.object({ roomId, seq: whole(1), emoji }),
  getReactions: z.object({
    roomId,
    seq: whole(1),
    after: z.string({ error: 'must be a string' }).optional(),
    limit: whole(1, fixed.reactionsPage).optional(),
  }),
  searchMessages: z.object({
    roomId,
    query: z.string({ error: 'must be a string' }).max(1_024, { error: 'is too long' }),
    from: knownUserIdSchema.optional(),
    before: whole(1).optional(),
    limit: whole(1, fixed.searchPage).optional(),
  }),
  markRead: z.object({ roomId, readUpTo: whole(0) }),
  updateRoom: z.object({
    roomId,
    topic: line(fixed.topicCharacters).optional(),
    private: flag,
    readOnly: flag,
    slowModeSeconds: whole(0, fixed.slowModeSeconds).optional(),
    /** null: keep everything. */
    retentionDays: whole(1, fixed.retentionDays).nullable().optional(),
  }),
  setRole: z.object({ roomId, userId: userIdSchema, role, note }),
  kickMember: z.object({ roomId, userId: userIdSchema, seconds, note }),
  banMember: z.object({ roomId, userId: userIdSchema, note }),
  unbanMember: z.object({ roomId, userId: userIdSchema, note }),
  muteMember: z.object({ roomId, userId: userIdSchema, seconds, note }),
  unmuteMember: z.object({ roomId, userId: userIdSchema, note }),
} as const;

/** What the transport answers itself, whatever room is meant. */
export const transportCommands = {
  refreshToken: z.object({ token: z.string({ error: 'must be a string' }) }),
} as const;

/** What only the HTTP transport can ask. */
export const requests = {
  getRoom: z.object({ roomId }),
  getMessage: z.object({ roomId, seq: whole(1) }),
  getAudit: z.object({
    roomId,
    before: whole(1).optional(),
    limit: whole(1, fixed.auditPage).optional(),
  }),
  deleteRoom: z.object({ roomId }),
  reopenRoom: z.object({ roomId }),
  eraseUser: z.object({ roomId, userId: knownUserIdSchema }),
  /** `cursor`: the `next` of the page before; transports keep it to themselves. */
  exportRoom: z.object({ roomId, cursor: exportCursorSchema.optional() }),
  /** Lines of an export; `line` is the number of the first, for messages about them. */
  importRoom: z.object({ roomId, text: z.string(), line: whole(1) }),
} as const;

function countOf(...values: unknown[]): number {
  return values.filter((value) => value !== undefined).length;
}

const operations = { ...commands, ...requests } as const;

/** For each operation, the fields of its payload in which null is absent. */
export const nullFields = Object.fromEntries(
  Object.entries(operations).map(([name, schema]) => [name, nullAsAbsent(schema)]),
) as Record<keyof typeof operations, ReadonlySet<string>>;

const messages = z.array(messageSchema);
const hasMore = z.boolean();
const changedMessage = z.object({ message: messageSchema });
/**
 * What the asking user has reacted with to the messages of a reply, by `seq`. Messages that are left
 * out have nothing of theirs; without any, the field is left out too.
 */
const ownReactions = { myReactions: z.record(z.string(), z.array(z.string())).optional() };
const reacted = changedMessage.extend({ myReactions: z.array(z.string()) });
/** A streamed text as it stands: where the next append begins, in UTF-16 units, and how it ended. */
const streamed = z.object({
  seq: z.number(),
  rev: z.number(),
  length: z.number(),
  status: z.enum(['done', ...streamEndings]).optional(),
});
const changedMember = z.object({ member: memberSchema });

export const transportReplies = {
  refreshToken: z.object({ expiresAt: z.number() }),
} as const;

/** What the `ok` reply to each command and request carries. */
export const replies = {
  joinRoom: z.object({
    epoch: z.string(),
    position: z.string(),
    room: roomSchema,
    you: youSchema,
    online: z.array(presentSchema),
    onlineCount: z.number(),
    presence: z.enum(['users', 'count']),
    messages,
    missed: messages.optional(),
    complete: z.boolean().optional(),
    reset: z.literal(true).optional(),
    /** How far others have read, in rooms of at most 50 members. */
    receipts: z.array(receiptSchema).optional(),
    ...ownReactions,
  }),
  leaveRoom: z.object({}),
  message: z.object({ message: messageSchema, duplicate: z.literal(true).optional() }),
  appendMessage: streamed.extend({
    duplicate: z.literal(true).optional(),
    stopRequested: z.literal(true).optional(),
  }),
  finishMessage: streamed,
  stopMessage: z.object({}),
  typing: z.object({}),
  getHistory: z.object({ messages, hasMore, ...ownReactions }),
  getMissed: z.object({
    messages,
    position: z.string(),
    complete: z.boolean(),
    reset: z.literal(true).optional(),
    ...ownReactions,
  }),
  getMembers: z.object({
    members: z.array(memberSchema),
    memberCount: z.number(),
    onlineCount: z.number(),
    hasMore,
  }),
  editMessage: changedMessage,
  deleteMessage: changedMessage,
  addReaction: reacted,
  removeReaction: reacted,
  getReactions: z.object({ reactions: z.array(reactionSchema), hasMore }),
  searchMessages: z.object({
    /** With the hits between U+0002 and U+0003. */
    results: z.array(messageSchema.extend({ snippet: z.string() })),
    hasMore,
  }),
  markRead: youSchema.pick({ readUpTo: true, unread: true, unreadMentions: true }),
  updateRoom: z.object({ room: roomSchema }),
  setRole: changedMember,
  kickMember: changedMember,
  banMember: changedMember,
  unbanMember: changedMember,
  muteMember: changedMember,
  unmuteMember: changedMember,
  getRoom: z.object({ room: roomSchema, onlineCount: z.number() }),
  getMessage: changedMessage,
  getAudit: z.object({ acts: z.array(actSchema), hasMore }),
  deleteRoom: z.object({}),
  reopenRoom: z.object({ room: roomSchema }),
  /** Until `done`, ask again: every asking does some of it, and the room goes on by itself. */
  eraseUser: z.object({ done: z.boolean() }),
  exportRoom: z.object({ text: z.string(), next: exportCursorSchema.optional() }),
  importRoom: z.object({ done: z.boolean(), position: z.string() }),
} as const satisfies Record<keyof typeof operations, z.ZodType>;

export type CommandName = keyof typeof commands;
/** Everything a room can be told or asked, at whatever transport. */
export type OperationName = keyof typeof operations;
/** The operations that need no connection: they are asked for over HTTP. */
export type RequestName = Exclude<OperationName, 'joinRoom' | 'leaveRoom' | 'typing'>;
export type Payload<N extends OperationName> = z.infer<(typeof operations)[N]>;
export type Reply<N extends OperationName> = z.infer<(typeof replies)[N]>;

const names: ReadonlySet<string> = new Set(Object.keys(commands));

export function assertCommandName(name: string): asserts name is CommandName {
  if (names.has(name)) return;
  throw new Refusal('unknown_command', 'There is no such command; see the protocol for the list.');
}

/** The token of a `refreshToken`. @throws Refusal `invalid_payload` */
export function readToken(payload: unknown): string {
  const result = transportCommands.refreshToken.safeParse(payload);
  if (result.success) return result.data.token;
  throw invalidField('token', 'must be a string');
}

/** Whether a payload may do without a field. */
export function mayLack(name: OperationName, field: string): boolean {
  return isOptional(operations[name], field);
}

/** A command's payload, or the refusal that names the first field that does not fit. */
export function readPayload<N extends OperationName>(name: N, payload: unknown): Payload<N> {
  const result = operations[name].safeParse(withoutNulls(payload, nullFields[name]));
  if (result.success) return result.data as Payload<N>;
  const issue = result.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? 'payload' : issue.path.join('.');
  throw invalidField(field, field === 'payload' ? 'must be a JSON object' : (issue?.message ?? ''));
}
