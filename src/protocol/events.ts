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

/** Why a user is no longer online. */
const leaveReasons = ['left', 'disconnected', 'kicked', 'banned'] as const;
export type LeaveReason = (typeof leaveReasons)[number];

/** What the protocol knows of an event. */
interface Event {
  payload: z.ZodObject;
  /** About a stored change: it has a `rev`, and a client that reconnects receives the change's outcome. */
  durable?: true;
  /** May be dropped for a connection that cannot keep up; all others never are. */
  ephemeral?: true;
  /** May wait at a flush for other events to leave with it. */
  deferrable?: true;
  /** Least time between two such events sent by themselves, for one `coalescedBy`, in milliseconds. */
  everyMs?: number;
  /** The latest event replaces earlier ones: of the room, or of one user in it. */
  coalescedBy?: 'room' | 'user';
  /** How long clients show it if no further one arrives, in milliseconds. */
  lapsesMs?: number;
}

/** Every event, one entry each. */
export const events = {
  message: {
    payload: messageSchema,
    durable: true,
  },
  messageUpdated: {
    payload: messageSchema.extend({
      /** Absent when catching up. */
      change: z.enum(['edited', 'updated', 'deleted', 'erased']).optional(),
      /** The id of the user who did it. */
      by: z.string().optional(),
    }),
    durable: true,
  },
  /** Text was appended to a streaming message, or, with `status`, its text has ended. */
  messageAppended: {
    payload: z.object({
      roomId: z.string(),
      seq: z.number(),
      rev: z.number(),
      /** Where `text` begins, in UTF-16 units. */
      offset: z.number(),
      text: z.string(),
      status: z.enum(['done', ...streamEndings]).optional(),
    }),
    durable: true,
  },
  /** For the sender of a streaming message alone: a user asks for its end. */
  stopRequested: {
    payload: z.object({ roomId: z.string(), seq: z.number(), by: z.string() }),
  },
  reactionsUpdated: {
    payload: z.object({
      roomId: z.string(),
      seq: z.number(),
      rev: z.number(),
      reactions: z.record(z.string(), z.number()),
      by: z.string(),
      emoji: z.string(),
      added: z.boolean(),
    }),
    durable: true,
  },
  userJoined: {
    payload: inRoom.extend({ timestamp: z.number() }),
    ephemeral: true,
    deferrable: true,
    everyMs: 250,
  },
  userLeft: {
    payload: inRoom.extend({ timestamp: z.number(), reason: z.enum(leaveReasons) }),
    ephemeral: true,
  },
  presence: {
    payload: z.object({ roomId: z.string(), onlineCount: z.number() }),
    ephemeral: true,
    coalescedBy: 'room',
    everyMs: 1_000,
  },
  typing: {
    payload: inRoom.extend({ isTyping: z.boolean() }),
    ephemeral: true,
    coalescedBy: 'user',
    everyMs: 3_000,
    lapsesMs: 6_000,
  },
  readReceipts: {
    payload: z.object({ roomId: z.string(), receipts: z.array(receiptSchema) }),
    ephemeral: true,
    coalescedBy: 'user',
    everyMs: 1_000,
  },
  roomUpdated: {
    payload: roomSchema,
  },
  /** All pins of the room as they are now, the one pinned last first. */
  pinsUpdated: {
    payload: z.object({
      roomId: z.string(),
      pins: z.array(z.number()),
      /** The id of the user who pinned or unpinned; absent where a pinned message is gone. */
      by: z.string().optional(),
    }),
  },
  memberUpdated: {
    payload: memberSchema.extend({ roomId: z.string(), by: z.string() }),
  },
  roomClosed: {
    payload: z.object({ roomId: z.string(), closeCode: z.number(), reason: z.string() }),
  },
  error: {
    payload: z.object({
      code: z.enum(Object.keys(errorCodes) as [keyof typeof errorCodes]),
      message: z.string(),
      command: z.string().optional(),
      roomId: z.string().optional(),
      id: z.string().optional(),
      field: z.string().optional(),
      retryAfterMs: z.number().optional(),
    }),
  },
} as const satisfies Record<string, Event>;

export type EventName = keyof typeof events;
export type EventPayload<N extends EventName> = z.infer<(typeof events)[N]['payload']>;

export const eventNames = Object.keys(events) as EventName[];
export const durable = eventsThatAre('durable');
export const ephemeral: ReadonlySet<string> = eventsThatAre('ephemeral');
export const deferrable: ReadonlySet<string> = eventsThatAre('deferrable');

function eventsThatAre(trait: 'durable' | 'ephemeral' | 'deferrable'): ReadonlySet<EventName> {
  const all: Readonly<Record<EventName, Event>> = events;
  return new Set(eventNames.filter((name) => all[name][trait] === true));
}
