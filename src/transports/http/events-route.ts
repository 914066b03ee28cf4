import type { Context } from 'hono';
import { readPayload } from '../../protocol/payloads.ts';
import type { HttpTransport, Identify } from './http-transport.ts';
import { eventStream } from './event-stream.ts';
import { longPoll } from './long-poll.ts';
import type { Reader } from '../../following/room-subscription.ts';
import { roomIdOf } from './request-parts.ts';

/** `GET /rooms/:roomId/events`: a stream for those who accept one, else a long poll. */
export function eventsRoute(transport: HttpTransport, identify: Identify) {
  return async (c: Context): Promise<Response> => {
    const roomId = roomIdOf(c);
    const streams = /\btext\/event-stream\b/i.test(c.req.header('accept') ?? '');
    // What a stream's client has heard last is newer than the address it began with.
    const last = streams ? c.req.header('last-event-id') : undefined;
    const { since } = readPayload('joinRoom', { since: last || c.req.query('since') || null });
    const identity = await identify(c);
    // Nobody would read what a HEAD request starts.
    if (c.req.method === 'HEAD') return c.body(null);
    const { directory } = transport;
    const reader: Reader = { directory, roomId, identity };
    const { signal } = c.req.raw;
    return streams
      ? eventStream(reader, since, transport.limits, signal)
      : longPoll(reader, since, signal);
  };
}
