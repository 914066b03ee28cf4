import * as z from 'zod';
import { conversationRequests } from './conversation-requests.ts';
import { fixed } from './codes/limits.ts';
import {
  caption,
  changedMember,
  changedMessage,
  claimedName,
  clientId,
  countOf,
  data,
  fileIds,
  finished,
  flag,
  hasMore,
  kindName,
  line,
  mentions,
  messages,
  meta,
  note,
  ownReactions,
  role,
  roomId,
  seconds,
  streamed,
  wrongText,
} from './fields.ts';
import {
  knownUserIdSchema,
  checkedString,
  memberSchema,
  messageSchema,
  positionSchema,
  presentSchema,
  receiptSchema,
  roomSchema,
  userIdSchema,
  whole,
  youSchema,
} from './objects.ts';
import { costFor, type Identity } from './identity.ts';
import { fileRequests } from './file-requests.ts';
import { hookRequests } from './hook-requests.ts';
import { incomingRequests } from './incoming-requests.ts';
import { markCommands } from './mark-commands.ts';
import type { Operation } from './operation.ts';
import { requests } from './requests.ts';
import { wrongPrefix } from './text.ts';
import { VISIBLE } from './visible.ts';

/** Every operation of a room, one entry each; transports, costs, routes and types are derived from it. */
export const operations = {
  joinRoom: {
    payload: z.object({
      roomId,
      username: claimedName,
      since: positionSchema.optional(),
      history: whole(0, fixed.historyPage).optional(),
      gather: flag,
      /** Only messages and the number of users online: for listeners of a crowd. */
      quiet: flag,
      /** A name for one running client: its connections replace one another. */
      session: clientId.optional(),
    }),
    reply: z.object({
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
    cost: 10,
    via: 'connection',
  },
  leaveRoom: {
    payload: z.object({ roomId }),
    reply: z.object({}),
    via: 'connection',
    access: 'always',
  },
  message: {
    payload: z
      .object({
        roomId,
        /** May be absent where there are files, or a kind. */
        message: caption.optional(),
        sender: claimedName,
        id: clientId.optional(),
        replyTo: whole(1).optional(),
        mentions,
        meta,
        kind: kindName,
        data,
        files: fileIds,
        /** The message's text, which may be empty, is a beginning that more will be appended to. */
        streaming: flag,
      })
      .superRefine(({ message, streaming, kind, files = [] }, context) => {
        if (streaming === true || files.length > 0 || kind !== undefined) return;
        if (VISIBLE.test(message ?? '')) return;
        const why = wrongText(message);
        if (why !== undefined)
          context.addIssue({ code: 'custom', message: why, path: ['message'] });
      }),
    reply: z.object({ message: messageSchema, duplicate: z.literal(true).optional() }),
    route: 'POST /messages',
    creates: true,
    summary: 'Sends a message; safe to send again with the same id.',
  },
  typing: {
    payload: z.object({ roomId, isTyping: flag }),
    reply: z.object({}),
    via: 'connection',
  },
  getHistory: {
    payload: z
      .object({
        roomId,
        before: whole(1).optional(),
        after: whole(0).optional(),
        around: whole(1).optional(),
        /** Epoch milliseconds: the page begins with the first message from then on. */
        at: whole(0).optional(),
        limit: whole(1, fixed.historyPage).optional(),
        thread: whole(1).optional(),
      })
      .refine(({ before, after, around, at }) => countOf(before, after, around, at) <= 1, {
        error: 'goes with none of after, around and at: name one of the four',
        path: ['before'],
      }),
    reply: z.object({ messages, hasMore, ...ownReactions }),
    cost: 5,
    route: 'GET /messages',
    summary: 'A page of messages by seq, oldest first.',
  },
  getMessage: {
    payload: z.object({ roomId, seq: whole(1) }),
    reply: changedMessage,
    via: 'http',
    route: 'GET /messages/:seq',
    summary: 'One message.',
  },
  getMissed: {
    payload: z.object({
      roomId,
      after: positionSchema,
      limit: whole(1, fixed.missedPage).optional(),
    }),
    reply: z.object({
      messages,
      position: z.string(),
      complete: z.boolean(),
      reset: z.literal(true).optional(),
      ...ownReactions,
    }),
    cost: 5,
    route: 'GET /missed',
    summary: 'Messages changed after a position, oldest change first.',
  },
  getMembers: {
    payload: z
      .object({
        roomId,
        after: knownUserIdSchema.optional(),
        limit: whole(1, fixed.membersPage).optional(),
        online: flag,
        /** The beginning of a word of the name, or of the user id; case and accents are ignored. */
        prefix: checkedString(wrongPrefix).optional(),
      })
      .refine(({ after, prefix }) => countOf(after, prefix) <= 1, {
        error: 'does not go with prefix: type more of the name to find fewer',
        path: ['after'],
      }),
    reply: z.object({
      members: z.array(memberSchema),
      memberCount: z.number(),
      onlineCount: z.number(),
      hasMore,
    }),
    route: 'GET /members',
    summary: 'A page of the members, or of who is online.',
  },
  editMessage: {
    payload: z
      .object({
        roomId,
        seq: whole(1),
        /**
         * Absent fields stay as they are; `message` or `data` is required. The text may be empty where
         * there are files, or a kind.
         */
        message: caption.optional(),
        data,
        mentions,
        meta,
        ifRev: whole(1).optional(),
      })
      .refine(({ message, data }) => countOf(message, data) > 0, {
        error: 'must be a string',
        path: ['message'],
      }),
    reply: changedMessage,
    route: 'PATCH /messages/:seq',
    summary: "Changes one's own message.",
  },
  deleteMessage: {
    payload: z.object({ roomId, seq: whole(1), note, ifRev: whole(1).optional() }),
    reply: changedMessage,
    route: 'DELETE /messages/:seq',
    summary: 'Deletes a message; its place stays.',
  },
  appendMessage: {
    payload: z.object({
      roomId,
      seq: whole(1),
      /** Where the text begins, in UTF-16 units. */
      offset: whole(0),
      /** An empty text only shows that the sender is still there. */
      text: z.string({ error: 'must be a string' }),
    }),
    reply: streamed.extend({
      duplicate: z.literal(true).optional(),
      stopRequested: z.literal(true).optional(),
    }),
    route: 'POST /messages/:seq/append',
    summary: 'Appends to a streaming message; safe to send again with the same offset.',
  },
  finishMessage: {
    payload: z.object({
      roomId,
      seq: whole(1),
      status: z
        .enum(['done', 'stopped', 'failed'], { error: 'must be one of done, stopped, failed' })
        .optional(),
    }),
    reply: finished,
    route: 'POST /messages/:seq/finish',
    summary: 'Ends a streaming message.',
  },
  stopMessage: {
    payload: z.object({ roomId, seq: whole(1) }),
    reply: z.object({}),
    route: 'POST /messages/:seq/stop',
    summary: 'Asks the sender of a streaming message to end it.',
  },
  searchMessages: {
    payload: z.object({
      roomId,
      query: z.string({ error: 'must be a string' }).max(1_024, { error: 'is too long' }),
      from: knownUserIdSchema.optional(),
      before: whole(1).optional(),
      limit: whole(1, fixed.searchPage).optional(),
    }),
    reply: z.object({
      /** Each `snippet` has its hits between U+0002 and U+0003. */
      results: z.array(messageSchema.extend({ snippet: z.string() })),
      hasMore,
    }),
    cost: 5,
    route: 'GET /search',
    query: { q: 'query' },
    summary: 'Messages with all words of a query, newest first.',
  },
  markRead: {
    payload: z.object({ roomId, readUpTo: whole(0) }),
    reply: youSchema.pick({ readUpTo: true, unread: true, unreadMentions: true }),
    route: 'PUT /read',
    summary: 'Sets how far the user has read.',
  },
  updateRoom: {
    payload: z.object({
      roomId,
      topic: line(fixed.topicCharacters).optional(),
      private: flag,
      readOnly: flag,
      slowModeSeconds: whole(0, fixed.slowModeSeconds).optional(),
      /** null: keep everything. */
      retentionDays: whole(1, fixed.retentionDays).nullable().optional(),
    }),
    reply: z.object({ room: roomSchema }),
    route: 'PATCH /',
    summary: 'Sets topic, privacy, slow mode, retention.',
  },
  setRole: {
    payload: z.object({ roomId, userId: userIdSchema, role, note }),
    reply: changedMember,
    route: 'PUT /members/:userId',
    summary: 'Invites, gives a role, or takes off the list.',
  },
  kickMember: {
    payload: z.object({ roomId, userId: userIdSchema, seconds, note }),
    reply: changedMember,
  },
  banMember: {
    payload: z.object({ roomId, userId: userIdSchema, note }),
    reply: changedMember,
    route: 'PUT /bans/:userId',
    summary: 'Bans a user from the room.',
  },
  unbanMember: {
    payload: z.object({ roomId, userId: userIdSchema, note }),
    reply: changedMember,
    route: 'DELETE /bans/:userId',
    summary: 'Lets a banned user in again.',
  },
  muteMember: {
    payload: z.object({ roomId, userId: userIdSchema, seconds, note }),
    reply: changedMember,
    route: 'PUT /mutes/:userId',
    summary: 'Mutes a user for a while.',
  },
  unmuteMember: {
    payload: z.object({ roomId, userId: userIdSchema, note }),
    reply: changedMember,
    route: 'DELETE /mutes/:userId',
    summary: 'Lets a muted user speak again.',
  },
  /** On a connection a signal is given by its own name, with `data` as its payload, or with its `args`. */
  sendSignal: {
    payload: z
      .object({
        roomId,
        name: z.string({ error: 'must be a string' }),
        data: z.record(z.string(), z.unknown(), { error: 'must be a JSON object' }).optional(),
        /** Any arguments instead of one object; only undeclared signals may have them. */
        args: z.array(z.unknown(), { error: 'must be a list' }).optional(),
      })
      .refine(({ data, args }) => countOf(data, args) <= 1, {
        error: 'does not go with args: give one of the two',
        path: ['data'],
      }),
    reply: z.object({}),
    via: 'http',
    route: 'POST /signals/:name',
    summary: 'Passes an event of your own on to those who are online.',
  },
  /** On a connection a command of the application is given by its own name, with `data` as its payload. */
  runCommand: {
    payload: z.object({
      roomId,
      name: z.string({ error: 'must be a string' }),
      data: z.record(z.string(), z.unknown(), { error: 'must be a JSON object' }).optional(),
    }),
    reply: z.looseObject({}),
    via: 'http',
    route: 'POST /commands/:name',
    summary: "Runs a command of the application's own.",
  },
  ...markCommands,
  ...requests,
  ...fileRequests,
  ...conversationRequests,
  ...incomingRequests,
  ...hookRequests,
} as const satisfies Record<string, Operation>;

/** Commands that a transport answers itself, whichever room they name. */
export const transportCommands = {
  refreshToken: {
    payload: z.object({ token: z.string({ error: 'must be a string' }) }),
    reply: z.object({ expiresAt: z.number() }),
  },
  /** The token that addresses of a room's files carry, as `t`. */
  getFileToken: {
    payload: z.object({ roomId }),
    reply: z.object({ fileToken: z.string(), expiresAt: z.number() }),
  },
} as const satisfies Record<string, Operation>;

type Operations = typeof operations;
type NamesVia<V extends Operation['via']> = {
  [N in keyof Operations]: Operations[N] extends { via: V } ? N : never;
}[keyof Operations];

/** Every operation of a room, at any transport. */
export type OperationName = keyof Operations;
/** The operations that connections give. */
export type CommandName = Exclude<OperationName, NamesVia<'http'> | NamesVia<'service'>>;
/** The operations that only connections give. */
export type ConnectionCommand = NamesVia<'connection'>;
/** The operations that need no connection: they are asked for over HTTP. */
export type RequestName = Exclude<OperationName, ConnectionCommand>;
export type Payload<N extends OperationName> = z.infer<Operations[N]['payload']>;
export type Reply<N extends OperationName> = z.infer<Operations[N]['reply']>;

export const operationNames = Object.keys(operations) as OperationName[];
const all: Readonly<Record<OperationName, Operation>> = operations;

/** The entry of each operation, by name. A map, so that a name such as `constructor` has none. */
export const traits: ReadonlyMap<string, Operation> = new Map(Object.entries(all));

/** The commands: what connections give. */
export const commandNames = operationNames.filter(
  (name) => all[name].via !== 'http' && all[name].via !== 'service',
) as CommandName[];

/** What a command takes from the allowance of the user who gives it. */
export function costOf(name: string, identity: Pick<Identity, 'bot'>): number {
  return costFor(identity, traits.get(name)?.cost);
}
