import * as z from 'zod';
import { hasMore, messages, roomId } from './fields.ts';
import { positionSchema, whole } from './objects.ts';
import type { Operation } from './operation.ts';

/** The events an outgoing webhook may send, as `WEBHOOK_EVENTS` names them. */
export const hookEvents = [
  'room.changed',
  'room.created',
  'room.deleted',
  'member.updated',
  'notification',
] as const;

export type HookEvent = (typeof hookEvents)[number];

/** The requests of the outgoing webhook to rooms. */
export const hookRequests = {
  /** A page of the messages changed after a position, without those that are still being written. */
  getChanges: {
    payload: z.object({ roomId, after: positionSchema }),
    reply: z.object({
      epoch: z.string(),
      from: whole(0),
      to: whole(0),
      changes: messages,
      hasMore,
      horizon: whole(0),
      reset: z.literal(true).optional(),
    }),
    cost: 0,
    via: 'service',
  },
} as const satisfies Record<string, Operation>;
