/** An HTTP answer, apart from any runtime's Response. */
export interface HttpReply {
  status: number;
  contentType: string;
  body: string;
}

/** Packets for a poll. The charset is for pages that are not UTF-8 themselves. */
export function payloadReply(body: string): HttpReply {
  return { status: 200, contentType: 'text/plain; charset=UTF-8', body };
}

/** The answer to a POST that was accepted; `text/html`, as official clients expect it. */
export const POST_ACCEPTED: HttpReply = { status: 200, contentType: 'text/html', body: 'ok' };

/** A refusal without a body. */
export function emptyReply(status: number): HttpReply {
  return { status, contentType: 'text/plain; charset=UTF-8', body: '' };
}

/** The answer as a Response; nothing of a session may be kept by a cache. */
export function toResponse(reply: HttpReply): Response {
  return new Response(reply.body, {
    status: reply.status,
    headers: { 'content-type': reply.contentType, 'cache-control': 'no-store' },
  });
}
