import * as z from 'zod';
import { misfit, Refusal } from './errors.ts';
import { fixed } from './limits.ts';
import {
  memberSchema,
  messageSchema,
  positionSchema,
  presentSchema,
  roomIdSchema,
  roomSchema,
  userIdSchema,
  whole,
  youSchema,
} from './objects.ts';

const roomId = roomIdSchema.optional();
/** A name its sender claims. Looked into only where it counts: see `room/names.ts`. */
const claimed = z.unknown().optional();
const flag = z.boolean({ error: 'must be true or false' }).optional();

/** The sender's own id of a message; makes resending safe. */
const clientId = z
  .string({ error: 'must be a string' })
  .min(1, { error: 'must not be empty' })
  .max(64, { error: 'must be at most 64 characters' });

/** The payload of every command. Unknown fields are ignored. */
export const commands = {
  joinRoom: z.object({
    roomId,
    username: claimed,
    since: positionSchema.optional(),
    history: whole(0, fixed.historyPage).optional(),
    gather: flag,
  }),
  leaveRoom: z.object({ roomId }),
  message: z.object({
    roomId,
    message: z.string({ error: 'must be a string' }).min(1, { error: 'must not be empty' }),
    sender: claimed,
    id: clientId.optional(),
  }),
  typing: z.object({ roomId, isTyping: flag }),
  getHistory: z
    .object({
      roomId,
      before: whole(1).optional(),
      after: whole(0).optional(),
      around: whole(1).optional(),
      limit: whole(1, fixed.historyPage).optional(),
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
  getMembers: z.object({
    roomId,
    after: userIdSchema.optional(),
    limit: whole(1, fixed.membersPage).optional(),
    online: flag,
  }),
} as const;

/** What only the HTTP door can ask. */
export const requests = {
  getRoom: z.object({ roomId }),
} as const;

function countOf(...values: unknown[]): number {
  return values.filter((value) => value !== undefined).length;
}

const operations = { ...commands, ...requests } as const;

const messages = z.array(messageSchema);
const hasMore = z.boolean();

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
  }),
  leaveRoom: z.object({}),
  message: z.object({ message: messageSchema, duplicate: z.literal(true).optional() }),
  typing: z.object({}),
  getHistory: z.object({ messages, hasMore }),
  getMissed: z.object({
    messages,
    position: z.string(),
    complete: z.boolean(),
    reset: z.literal(true).optional(),
  }),
  getMembers: z.object({
    members: z.array(memberSchema),
    memberCount: z.number(),
    onlineCount: z.number(),
    hasMore,
  }),
  getRoom: z.object({ room: roomSchema, onlineCount: z.number() }),
} as const satisfies Record<keyof typeof operations, z.ZodType>;

export type CommandName = keyof typeof commands;
/** Everything a room can be told or asked, at whatever door. */
export type OperationName = keyof typeof operations;
export type Payload<N extends OperationName> = z.infer<(typeof operations)[N]>;
export type Reply<N extends OperationName> = z.infer<(typeof replies)[N]>;

const names: ReadonlySet<string> = new Set(Object.keys(commands));

export function assertCommandName(name: string): asserts name is CommandName {
  if (names.has(name)) return;
  throw new Refusal('unknown_command', 'There is no such command; see the protocol for the list.');
}

/** A command's payload, or the refusal that names the first field that does not fit. */
export function readPayload<N extends OperationName>(name: N, payload: unknown): Payload<N> {
  const result = operations[name].safeParse(payload);
  if (result.success) return result.data as Payload<N>;
  const issue = result.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? 'payload' : issue.path.join('.');
  throw misfit(field, field === 'payload' ? 'must be a JSON object' : (issue?.message ?? ''));
}
