import type { Context } from 'hono';
import { InboxSubscription } from '../../following/inbox-subscription.ts';
import { RoomSubscription, type Source } from '../../following/room-subscription.ts';
import type { Identity } from '../../protocol/identity.ts';
import { readPayload } from '../../protocol/payloads.ts';
import { eventStream } from './event-stream.ts';
import type { HttpTransport, Identify } from './http-transport.ts';
import { longPoll } from './long-poll.ts';
import { WebStreamBody } from './stream-body.ts';
import { roomIdOf } from './request-parts.ts';

/** `GET /rooms/:roomId/events`: a stream for clients that accept one, otherwise a long poll. */
export function eventsRoute(transport: HttpTransport, identify: Identify) {
  return (c: Context): Promise<Response> => {
    const { directory } = transport;
    const roomId = roomIdOf(c);
    return answerEvents(c, transport, identify, (identity) => ({
      identity,
      roomId,
      subscribe: (sink) => new RoomSubscription({ directory, roomId, identity }, sink),
    }));
  };
}

/** `GET /inbox/events`: the same for an inbox. */
export function inboxEventsRoute(transport: HttpTransport, identify: Identify) {
  const { inboxes } = transport;
  return (c: Context): Promise<Response> =>
    answerEvents(c, transport, identify, (identity) => ({
      identity,
      subscribe: (sink) => new InboxSubscription(inboxes, identity, sink),
    }));
}

async function answerEvents(
  c: Context,
  transport: HttpTransport,
  identify: Identify,
  sourceOf: (identity: Identity) => Source,
): Promise<Response> {
  const streams = /\btext\/event-stream\b/i.test(c.req.header('accept') ?? '');
  // The last id that a stream's client received is newer than `since`, with which the stream began.
  const last = streams ? c.req.header('last-event-id') : undefined;
  const { since } = readPayload('joinRoom', { since: last || c.req.query('since') || null });
  const identity = await identify(c);
  // A HEAD request has no reader for a stream.
  if (c.req.method === 'HEAD') return c.body(null);
  const source = sourceOf(identity);
  const { signal } = c.req.raw;
  if (!streams) return longPoll(source, since, signal);
  const body = transport.streamBody?.(c) ?? new WebStreamBody(signal);
  return eventStream(source, since, transport.limits, body);
}
