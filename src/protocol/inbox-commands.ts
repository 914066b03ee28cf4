import * as z from 'zod';
import { nullAsAbsent } from './absent.ts';
import { Refusal } from './codes/errors.ts';
import { inboxLimits } from './codes/inbox-limits.ts';
import type { Method } from './operation.ts';
import { conversationSchema, notifySchema, totalsSchema } from './inbox-objects.ts';
import { knownUserIdSchema, positionSchema, roomIdSchema, userIdSchema, whole } from './objects.ts';
import { readFields } from './read-fields.ts';
import { exceedsBytes } from './text.ts';

const flag = z.boolean({ error: 'must be true or false' }).optional();
const limit = whole(1, inboxLimits.page).optional();
const draft = z
  .string({ error: 'must be a string' })
  .refine((text) => !exceedsBytes(text, inboxLimits.draftBytes), {
    error: `must be at most ${inboxLimits.draftBytes} bytes`,
  });
const filters = ['unread', 'mentions', 'direct', 'archived'] as const;

const endpoint = z.string({ error: 'must be a URL' }).max(inboxLimits.endpointLength, {
  error: `must be at most ${inboxLimits.endpointLength} characters`,
});
/** An uncompressed point of P-256: 65 bytes that begin with 4. */
const p256dh = z
  .string({ error: 'must be a string' })
  .regex(/^B[\w-]{86}=?$/, { error: 'must be a P-256 key of 65 bytes, as base64url' });
const auth = z
  .string({ error: 'must be a string' })
  .regex(/^[\w-]{22}(==)?$/, { error: 'must be 16 bytes, as base64url' });

/** One entry a command. */
export interface InboxEntry {
  payload: z.ZodObject;
  reply: z.ZodObject;
  /** What it takes from the user's allowance; 1 unless named. */
  cost?: number;
  /** Only the HTTP transport offers it. */
  http?: true;
  /** Method and path; fields of the payload are placed as in the routes of rooms. */
  route?: `${Method} /${string}`;
  /** One line for `/openapi.json`. */
  summary?: string;
}

const page = z.object({
  epoch: z.string(),
  position: z.string(),
  conversations: z.array(conversationSchema),
  hasMore: z.boolean(),
  totals: totalsSchema,
});
const changed = z.object({ conversation: conversationSchema });
const none = z.object({});
/** Progress: `left` rooms or users are still to be done. Send the same request again to go on. */
const steps = z.object({ done: z.boolean(), left: z.number() });

export const inboxCommands = {
  openInbox: {
    payload: z.object({ since: positionSchema.optional(), limit }),
    /** With `since`: what has changed after it, and which conversations are gone. */
    reply: page.extend({
      removed: z.array(z.string()).optional(),
      reset: z.literal(true).optional(),
    }),
    cost: 10,
  },
  getInbox: {
    payload: z.object({
      /** The last conversation of the previous page. */
      after: roomIdSchema.optional(),
      limit,
      filter: z.enum(filters, { error: `must be one of ${filters.join(', ')}` }).optional(),
    }),
    reply: page,
    cost: 5,
    route: 'GET /inbox',
    summary:
      'A page of conversations, pinned ones first, then by activity; with since, what has changed.',
  },
  watchInbox: {
    payload: z.object({
      roomIds: z
        .array(roomIdSchema, { error: 'must be a list of room ids' })
        .max(inboxLimits.watched, { error: `must name at most ${inboxLimits.watched} rooms` }),
    }),
    reply: none,
    cost: 5,
    route: 'POST /inbox/watch',
    summary: 'Has rooms report each change as it happens, for two minutes.',
  },
  /** A browser's `PushSubscription` as JSON. */
  subscribePush: {
    payload: z.object({
      endpoint,
      keys: z.object({ p256dh, auth }, { error: 'must have p256dh and auth' }),
    }),
    reply: none,
    cost: 5,
    route: 'PUT /inbox/push',
    summary: 'Has notifications pushed to a browser.',
  },
  unsubscribePush: {
    payload: z.object({ endpoint }),
    reply: none,
    route: 'DELETE /inbox/push',
    summary: 'Ends pushing to a browser.',
  },
  setConversation: {
    payload: z.object({
      roomId: roomIdSchema,
      notify: notifySchema.optional(),
      pinned: flag,
      archived: flag,
      /** An empty one removes it. */
      draft: draft.optional(),
      readUpTo: whole(0).optional(),
      /** null: no longer marked as unread. */
      unreadFrom: whole(1).nullable().optional(),
    }),
    reply: changed,
    route: 'PATCH /inbox/:roomId',
    summary: 'Pins, archives, mutes, marks as read or unread, or keeps a draft.',
  },
  quitRoom: {
    payload: z.object({ roomId: roomIdSchema }),
    reply: none,
    route: 'DELETE /inbox/:roomId',
    summary: "Takes the user off the room's list.",
  },
  openDirect: {
    payload: z.object({ userId: userIdSchema }),
    reply: changed,
    cost: 10,
    route: 'POST /directs',
    summary: 'Opens the direct room with another user.',
  },
  blockUser: {
    payload: z.object({ userId: userIdSchema }),
    reply: none,
    cost: 5,
    route: 'PUT /blocks/:userId',
    summary: 'Blocks a user: their direct messages no longer count.',
  },
  unblockUser: {
    payload: z.object({ userId: userIdSchema }),
    reply: none,
    cost: 5,
    route: 'DELETE /blocks/:userId',
    summary: 'Ends a block.',
  },
  getBlocked: {
    payload: z.object({ after: knownUserIdSchema.optional(), limit }),
    reply: z.object({ users: z.array(z.object({ userId: z.string() })), hasMore: z.boolean() }),
    route: 'GET /blocks',
    summary: 'The users whom the user has blocked, by user id.',
  },
  rebuildInbox: {
    payload: none,
    reply: steps,
    cost: 20,
    http: true,
    route: 'POST /inbox/rebuild',
    summary: 'Asks the rooms of the inbox for their current state, some at a time.',
  },
  /**
   * Sent with the identity of the user who is erased, after the transport has checked that
   * an admin asks.
   */
  eraseInbox: { payload: none, reply: steps, cost: 20, http: true },
  /** Every room that the inbox ever held, with its conversation unless that is gone. */
  exportInbox: {
    payload: z.object({ after: z.string().optional() }),
    reply: z.object({
      rooms: z.array(z.object({ roomId: z.string(), conversation: conversationSchema.optional() })),
      /** The `after` of the next page; absent on the last one. */
      next: z.string().optional(),
    }),
    cost: 5,
    http: true,
  },
} as const satisfies Record<string, InboxEntry>;

export type InboxCommandName = keyof typeof inboxCommands;
export type InboxPayload<N extends InboxCommandName> = z.infer<
  (typeof inboxCommands)[N]['payload']
>;
export type InboxReply<N extends InboxCommandName> = z.infer<(typeof inboxCommands)[N]['reply']>;

const nulls = new Map(
  Object.entries(inboxCommands).map(([name, { payload }]) => [name, nullAsAbsent(payload)]),
);

export function isInboxCommand(name: string): name is InboxCommandName {
  return Object.hasOwn(inboxCommands, name);
}

/** @throws Refusal `unknown_command` for a name that is not a command, or one for HTTP only */
export function assertInboxCommand(name: string): asserts name is InboxCommandName {
  if (isInboxCommand(name) && !('http' in inboxCommands[name])) return;
  throw new Refusal('unknown_command', 'There is no such command; see the protocol for the list.');
}

/** @throws Refusal `invalid_payload` */
export function readInboxPayload<N extends InboxCommandName>(
  name: N,
  payload: unknown,
): InboxPayload<N> {
  return readFields(
    inboxCommands[name].payload,
    nulls.get(name) ?? new Set(),
    payload,
  ) as InboxPayload<N>;
}

/** What a command takes from its user's allowance. */
export function inboxCost(name: string): number {
  const entry: InboxEntry | undefined = isInboxCommand(name) ? inboxCommands[name] : undefined;
  return entry?.cost ?? 1;
}
