import { refusalOnSocket, SUBPROTOCOL } from '../transports/native/handshake.ts';
import { trimReason } from '../transports/native/trim-reason.ts';
import type { Problem } from '../protocol/codes/errors.ts';

/** The answer to an upgrade. @param offers whether the client has offered `parlor.v1` */
export function upgraded(client: WebSocket, offers: boolean): Response {
  const headers: HeadersInit = offers ? { 'sec-websocket-protocol': SUBPROTOCOL } : {};
  return new Response(null, { status: 101, webSocket: client, headers });
}

/** Refuses over an open socket, because a browser cannot read the HTTP status of a failed upgrade. */
export function refusedOnSocket(problem: Problem, pathname: string): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  const { line, code } = refusalOnSocket(problem, pathname);
  server.accept();
  server.send(line);
  server.close(code, trimReason(problem.message));
  return upgraded(client, true);
}
