import * as z from 'zod';
import { exportCursorSchema } from './export-lines.ts';
import { fixed } from './codes/limits.ts';
import {
  caption,
  changedMember,
  changedMessage,
  claimed,
  clientId,
  countOf,
  emoji,
  fileId,
  fileIds,
  flag,
  hasMore,
  line,
  mentions,
  messages,
  meta,
  note,
  ownReactions,
  reacted,
  role,
  roomId,
  said,
  seconds,
} from './fields.ts';
import {
  actSchema,
  fileSchema,
  knownUserIdSchema,
  label,
  memberSchema,
  messageSchema,
  positionSchema,
  presentSchema,
  reactionSchema,
  receiptSchema,
  roomSchema,
  userIdSchema,
  whole,
  youSchema,
} from './objects.ts';
import { fileName, wrongPrefix } from './text.ts';

/** What the protocol knows of a command or a request beside its handler, which decides it. */
export interface Operation {
  /** Unknown fields are ignored, and null in an optional one is absent. */
  payload: z.ZodObject;
  /** What the `ok` reply carries. */
  reply: z.ZodObject;
  /** What it takes from its sender's allowance, in commands; 1 unless given. */
  cost?: number;
  /** `connection`: only for connections. `http`: only without one. Both unless given. */
  via?: 'connection' | 'http';
  /**
   * Where it may be given although a room refuses everything else: `always`, to users who may not be
   * in the room; `whenDeleted` and `whileImporting`, to admins.
   */
  access?: 'always' | 'whenDeleted' | 'whileImporting';
  /** Earlier deletions and erasures have to be finished first. */
  awaitsErasures?: true;
  /**
   * Method and path within `/rooms/:roomId`. Fields of the payload that the path does not name stand
   * in the query of GET and DELETE and in the body of the others. A body in which no field is needed
   * may be left out, but not of PATCH. POST answers 201, or 200 for a duplicate.
   */
  route?: `${Method} /${string}`;
  /** Fields that have another name in the query, by that name. */
  query?: Readonly<Record<string, string>>;
  /** The route is written by hand, because it streams, or does many steps. */
  hasOwnHandler?: true;
  /** Only transports ask for it, as a step of what they do. */
  isStep?: true;
  /** One line for `/openapi.json`. */
  summary?: string;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Every operation of a room, one entry each; transports, costs, routes and types come from it. */
export const operations = {
  joinRoom: {
    payload: z.object({
      roomId,
      username: claimed,
      since: positionSchema.optional(),
      history: whole(0, fixed.historyPage).optional(),
      gather: flag,
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
        message: caption,
        sender: claimed,
        id: clientId.optional(),
        replyTo: whole(1).optional(),
        mentions,
        meta,
        files: fileIds,
      })
      .superRefine(({ message, files = [] }, context) => {
        const issue = files.length > 0 ? undefined : said.safeParse(message).error?.issues[0];
        if (issue === undefined) return;
        context.addIssue({ code: 'custom', message: issue.message, path: ['message'] });
      }),
    reply: z.object({ message: messageSchema, duplicate: z.literal(true).optional() }),
    route: 'POST /messages',
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
        limit: whole(1, fixed.historyPage).optional(),
        thread: whole(1).optional(),
      })
      .refine(({ before, after, around }) => countOf(before, after, around) <= 1, {
        error: 'goes with neither after nor around: name one of the three',
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
        /** Of a word of the name, or of the user id; without case and accents. */
        prefix: label(wrongPrefix).optional(),
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
    payload: z.object({
      roomId,
      seq: whole(1),
      message: said,
      /** What they take the place of stays where they are absent. */
      mentions,
      meta,
      ifRev: whole(1).optional(),
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
  searchMessages: {
    payload: z.object({
      roomId,
      query: z.string({ error: 'must be a string' }).max(1_024, { error: 'is too long' }),
      from: knownUserIdSchema.optional(),
      before: whole(1).optional(),
      limit: whole(1, fixed.searchPage).optional(),
    }),
    reply: z.object({
      /** With the hits between U+0002 and U+0003. */
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
    summary: 'Tells how far one has read.',
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
  getRoom: {
    payload: z.object({ roomId }),
    reply: z.object({ room: roomSchema, onlineCount: z.number() }),
    via: 'http',
    route: 'GET /',
    summary: 'The room as it stands, and how many are online.',
  },
  getAudit: {
    payload: z.object({
      roomId,
      before: whole(1).optional(),
      limit: whole(1, fixed.auditPage).optional(),
    }),
    reply: z.object({ acts: z.array(actSchema), hasMore }),
    via: 'http',
    route: 'GET /audit',
    summary: 'What those with rights have done, newest first.',
  },
  deleteRoom: {
    payload: z.object({ roomId }),
    reply: z.object({}),
    via: 'http',
    access: 'whileImporting',
    route: 'DELETE /',
    hasOwnHandler: true,
    summary: 'Deletes the room with all that is in it; for owners and admins.',
  },
  reopenRoom: {
    payload: z.object({ roomId }),
    reply: z.object({ room: roomSchema }),
    via: 'http',
    access: 'whenDeleted',
    awaitsErasures: true,
    route: 'PUT /',
    hasOwnHandler: true,
    summary: 'Lets a deleted room be used again; for admins.',
  },
  /** Until `done`, ask again: every asking does some of it, and the room goes on by itself. */
  eraseUser: {
    payload: z.object({ roomId, userId: knownUserIdSchema }),
    reply: z.object({ done: z.boolean() }),
    via: 'http',
    awaitsErasures: true,
    route: 'DELETE /users/:userId',
    hasOwnHandler: true,
    summary: 'Erases a person from the room; for admins.',
  },
  /** `cursor`: the `next` of the page before; transports keep it to themselves. */
  exportRoom: {
    payload: z.object({ roomId, cursor: exportCursorSchema.optional() }),
    reply: z.object({ text: z.string(), next: exportCursorSchema.optional() }),
    via: 'http',
    route: 'GET /export',
    hasOwnHandler: true,
    summary: 'Everything in the room, one JSON object a line; for owners and admins.',
  },
  /** Before a body is read: room for a file. `key` is where its bytes go, below the room's own folder. */
  reserveFile: {
    payload: z.object({
      roomId,
      name: z.string().transform(fileName),
      size: whole(0),
      previewOf: fileId.optional(),
    }),
    reply: z.object({ fileId: z.string(), key: z.string() }),
    via: 'http',
    route: 'POST /files',
    hasOwnHandler: true,
    summary: 'Uploads a file, for a message to name.',
  },
  /** The bytes of a reserved file are stored. */
  completeFile: {
    payload: z.object({
      roomId,
      fileId,
      type: z.string(),
      sha256: z.string(),
      width: whole(1).optional(),
      height: whole(1).optional(),
    }),
    reply: z.object({ file: fileSchema }),
    cost: 0,
    via: 'http',
    isStep: true,
  },
  /** An upload has failed: what was reserved for it is free again. */
  dropFile: {
    payload: z.object({ roomId, fileId }),
    reply: z.object({}),
    cost: 0,
    via: 'http',
    access: 'always',
    isStep: true,
  },
  /** A file that the reader may see. `isSent`: in a message, so that everybody in the room may. */
  getFile: {
    payload: z.object({ roomId, fileId }),
    reply: z.object({ file: fileSchema, key: z.string(), isSent: z.boolean() }),
    via: 'http',
    route: 'GET /files/:fileId',
    hasOwnHandler: true,
    summary: "A file's bytes.",
  },
  /** Lines of an export; `line` is the number of the first, for messages about them. */
  importRoom: {
    payload: z.object({ roomId, text: z.string(), line: whole(1) }),
    reply: z.object({ done: z.boolean(), position: z.string() }),
    via: 'http',
    access: 'whileImporting',
    route: 'POST /import',
    hasOwnHandler: true,
    summary: 'Takes the lines of an export into an empty room; for admins.',
  },
} as const satisfies Record<string, Operation>;

/** What a transport answers itself, whatever room is meant. */
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

/** Everything that a room can be asked, at whatever transport. */
export type OperationName = keyof Operations;
/** The operations that connections give. */
export type CommandName = Exclude<OperationName, NamesVia<'http'>>;
/** The operations that only connections give. */
export type ConnectionCommand = NamesVia<'connection'>;
/** The operations that need no connection: they are asked for over HTTP. */
export type RequestName = Exclude<OperationName, ConnectionCommand>;
export type Payload<N extends OperationName> = z.infer<Operations[N]['payload']>;
export type Reply<N extends OperationName> = z.infer<Operations[N]['reply']>;

export const operationNames = Object.keys(operations) as OperationName[];
const all: Readonly<Record<OperationName, Operation>> = operations;

/** What the table says of an operation, by name; a name that is not in it, such as `constructor`, has nothing. */
export const traits: ReadonlyMap<string, Operation> = new Map(Object.entries(all));

/** The commands: what connections give. */
export const commandNames = operationNames.filter(
  (name) => all[name].via !== 'http',
) as CommandName[];
