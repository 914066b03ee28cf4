import * as z from 'zod';
import { errorCodes } from './codes/errors.ts';
import {
  memberSchema,
  messageSchema,
  presentSchema,
  receiptSchema,
  roomSchema,
  streamEndings,
} from './objects.ts';

const inRoom = presentSchema.extend({ roomId: z.string() });

/** Why a user is no longer here. */
const leaveReasons = ['left', 'disconnected', 'kicked', 'banned'] as const;
export type LeaveReason = (typeof leaveReasons)[number];

/** The payload of every event. */
export const events = {
  message: messageSchema,
  messageUpdated: messageSchema.extend({
    /** Absent when catching up. */
    change: z.enum(['edited', 'deleted', 'erased']).optional(),
    /** User id of who did it. */
    by: z.string().optional(),
  }),
  /** Text was appended to a streaming message, or, with `status`, its text has ended. */
  messageAppended: z.object({
    roomId: z.string(),
    seq: z.number(),
    rev: z.number(),
    /** Where `text` begins, in UTF-16 units. */
    offset: z.number(),
    text: z.string(),
    status: z.enum(['done', ...streamEndings]).optional(),
  }),
  reactionsUpdated: z.object({
    roomId: z.string(),
    seq: z.number(),
    rev: z.number(),
    reactions: z.record(z.string(), z.number()),
    by: z.string(),
    emoji: z.string(),
    added: z.boolean(),
  }),
  /** For the sender of a streaming message alone: a user asks for its end. */
  stopRequested: z.object({ roomId: z.string(), seq: z.number(), by: z.string() }),
  userJoined: inRoom.extend({ timestamp: z.number() }),
  userLeft: inRoom.extend({ timestamp: z.number(), reason: z.enum(leaveReasons) }),
  presence: z.object({ roomId: z.string(), onlineCount: z.number() }),
  typing: inRoom.extend({ isTyping: z.boolean() }),
  readReceipts: z.object({ roomId: z.string(), receipts: z.array(receiptSchema) }),
  roomUpdated: roomSchema,
  memberUpdated: memberSchema.extend({ roomId: z.string(), by: z.string() }),
  roomClosed: z.object({ roomId: z.string(), closeCode: z.number(), reason: z.string() }),
  error: z.object({
    code: z.enum(Object.keys(errorCodes) as [keyof typeof errorCodes]),
    message: z.string(),
    command: z.string().optional(),
    roomId: z.string().optional(),
    id: z.string().optional(),
    field: z.string().optional(),
    retryAfterMs: z.number().optional(),
  }),
} as const;

export type EventName = keyof typeof events;
export type EventPayload<N extends EventName> = z.infer<(typeof events)[N]>;

/** How an event is kept and sent. */
interface EventTraits {
  /** About a stored change: it has a `rev`, and a client that comes back receives its outcome. */
  durable?: true;
  /** May be dropped for a connection that cannot keep up; all others never are. */
  ephemeral?: true;
  /** May wait at a flush for other events to leave with it. */
  deferrable?: true;
}

const traits: Readonly<Record<EventName, EventTraits>> = {
  message: { durable: true },
  messageUpdated: { durable: true },
  messageAppended: { durable: true },
  reactionsUpdated: { durable: true },
  stopRequested: {},
  userJoined: { ephemeral: true, deferrable: true },
  userLeft: { ephemeral: true },
  presence: { ephemeral: true },
  typing: { ephemeral: true },
  readReceipts: { ephemeral: true },
  roomUpdated: {},
  memberUpdated: {},
  roomClosed: {},
  error: {},
};

export const durable = eventsThatAre('durable');
export const ephemeral = eventsThatAre('ephemeral');
export const deferrable = eventsThatAre('deferrable');

function eventsThatAre(trait: keyof EventTraits): ReadonlySet<EventName> {
  const names = Object.keys(traits) as EventName[];
  return new Set(names.filter((name) => traits[name][trait] === true));
}
