import * as z from 'zod';
import { errorCodes } from './errors.ts';
import { messageSchema, presentSchema } from './objects.ts';

const inRoom = presentSchema.extend({ roomId: z.string() });

/** Why a user is no longer here. */
export const leaveReasons = ['left', 'disconnected', 'kicked', 'banned'] as const;
export type LeaveReason = (typeof leaveReasons)[number];

/** The payload of every event. */
export const events = {
  message: messageSchema,
  userJoined: inRoom.extend({ timestamp: z.number() }),
  userLeft: inRoom.extend({ timestamp: z.number(), reason: z.enum(leaveReasons) }),
  presence: z.object({ roomId: z.string(), onlineCount: z.number() }),
  typing: inRoom.extend({ isTyping: z.boolean() }),
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

/** Events that may be dropped for a connection that cannot keep up; all others never are. */
export const ephemeral: ReadonlySet<EventName> = new Set([
  'typing',
  'presence',
  'userJoined',
  'userLeft',
]);
