import { emptyReply, type HttpReply, toResponse } from './http-reply.ts';
import type { PollingSession } from './polling-session.ts';

/** Answers the first GET of a session. */
export function openPolling(session: PollingSession): Promise<Response> {
  const { promise, resolve } = Promise.withResolvers<HttpReply>();
  session.open(resolve);
  return promise.then(toResponse);
}

/** Answers any other GET or POST of a session. */
export function servePolling(
  session: PollingSession,
  request: Request,
  maxPayloadBytes: number,
): Promise<Response> {
  return request.method === 'POST'
    ? servePost(session, request, maxPayloadBytes)
    : servePoll(session, request);
}

/** Answers a GET as soon as there is something for the client, or the session ends. */
async function servePoll(session: PollingSession, request: Request): Promise<Response> {
  const { promise, resolve } = Promise.withResolvers<HttpReply>();
  const abort = session.poll(resolve);
  request.signal.addEventListener('abort', abort);
  const reply = await promise;
  request.signal.removeEventListener('abort', abort);
  return toResponse(reply);
}

/** Reads a POST and answers it. */
async function servePost(
  session: PollingSession,
  request: Request,
  maxPayloadBytes: number,
): Promise<Response> {
  const refusal = session.startPost(request.headers.get('content-type'));
  if (refusal) return toResponse(refusal);
  const body = await readBody(request, maxPayloadBytes);
  if (body === 'aborted') {
    session.abortPost();
    return toResponse(emptyReply(400));
  }
  if (body === 'too large') return toResponse(session.refusePost());
  return toResponse(session.endPost(body.text));
}

/** The body of a request as text, unless it is longer than `limit` bytes or never ends. */
async function readBody(
  request: Request,
  limit: number,
): Promise<{ text: string } | 'too large' | 'aborted'> {
  const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  const body = request.body as ReadableStream<Uint8Array> | null;
  if (!body) return { text: '' };
  let bytes = 0;
  let text = '';
  try {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      // Leaving the loop tells the client's side to stop sending.
      if (bytes > limit) return 'too large';
      text += decoder.decode(chunk, { stream: true });
    }
  } catch {
    return 'aborted';
  }
  return { text: text + decoder.decode() };
}
