import * as z from 'zod';
import { conversationSchema, totalsSchema } from './inbox-objects.ts';

/** The payload of every event of an inbox. */
export const inboxEvents = {
  conversationUpdated: conversationSchema,
  conversationRemoved: z.object({ roomId: z.string(), rev: z.number() }),
  inboxTotals: totalsSchema,
} as const;

export type InboxEventName = keyof typeof inboxEvents;
export type InboxEventPayload<N extends InboxEventName> = z.infer<(typeof inboxEvents)[N]>;
