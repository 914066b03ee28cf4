import { refusalReply, unreadableReply } from './engine-request.ts';
import { emptyReply, type HttpReply, toResponse } from './http-reply.ts';
import type { PollingSession } from './polling-session.ts';
import {
  discardBody,
  readBody,
  UNREADABLE,
  type UnreadableBody,
  unreadableBody,
} from './request-body.ts';

/** Answers the first GET of a session. */
export function openPolling(session: PollingSession): Promise<Response> {
  const { promise, resolve } = Promise.withResolvers<HttpReply>();
  session.open(resolve);
  return promise.then(toResponse);
}

/** Answers any other GET or POST. @param session undefined if no session has the request's `sid` */
export async function servePolling(
  session: PollingSession | undefined,
  request: Request,
  maxPayloadBytes: number,
): Promise<Response> {
  if (!session) {
    await discardBody(request);
    return toResponse(refusalReply('unknown sid'));
  }
  return request.method === 'POST'
    ? servePost(session, request, maxPayloadBytes)
    : servePoll(session, request);
}

/** Answers a GET as soon as there is something for the client, or the session ends. */
async function servePoll(session: PollingSession, request: Request): Promise<Response> {
  const { promise, resolve } = Promise.withResolvers<HttpReply>();
  const abort = session.poll(resolve);
  if (request.signal.aborted) abort();
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
  if (refusal) {
    await discardBody(request);
    return toResponse(refusal);
  }
  const read = await readBody(request, maxPayloadBytes);
  const body = declaredUnreadable(request) ?? read;
  if (typeof body === 'object') return toResponse(session.endPost(body.text));
  if (body === 'too large') return toResponse(session.refusePost());
  session.abortPost();
  return toResponse(body === 'aborted' ? emptyReply(400) : unreadableReply(UNREADABLE[body]));
}

function declaredUnreadable({ headers }: Request): UnreadableBody | undefined {
  return unreadableBody({
    contentType: headers.get('content-type'),
    contentEncoding: headers.get('content-encoding'),
  });
}
