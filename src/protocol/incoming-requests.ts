import * as z from 'zod';
import { clientId, roomId, wrongText } from './fields.ts';
import { incomingSchema, checkedString, messageSchema } from './objects.ts';
import type { Operation } from './operation.ts';
import { wrongUsername } from './text.ts';

/** SHA-256 of a key, 64 hexadecimal digits: rooms never see the key. */
const keyHash = z.string();

/** The part of `operations` by which other systems write into a room. */
export const incomingRequests = {
  /** Makes a webhook, or gives the one with this name a new key. */
  makeIncoming: {
    payload: z.object({ roomId, name: checkedString(wrongUsername), keyHash }),
    reply: z.object({ incoming: incomingSchema }),
    via: 'http',
    route: 'PUT /incoming',
    hasOwnHandler: true,
    summary: 'Makes an address by which another system writes into the room; for owners.',
  },
  getIncoming: {
    payload: z.object({ roomId }),
    reply: z.object({ incoming: z.array(incomingSchema) }),
    via: 'http',
    route: 'GET /incoming',
    summary: 'The incoming webhooks of the room, without their keys; for owners.',
  },
  revokeIncoming: {
    payload: z.object({ roomId, id: z.string() }),
    reply: z.object({}),
    via: 'http',
    route: 'DELETE /incoming/:id',
    summary: 'Revokes an incoming webhook: its address no longer works; for owners.',
  },
  /** A message by the holder of a key, who has no other identity. */
  sayIncoming: {
    payload: z.object({
      roomId,
      keyHash,
      text: checkedString(wrongText),
      username: z.string({ error: 'must be a string' }).optional(),
      id: clientId.optional(),
    }),
    reply: z.object({ message: messageSchema, duplicate: z.literal(true).optional() }),
    cost: 0,
    via: 'service',
    access: 'always',
  },
} as const satisfies Record<string, Operation>;
