import type { HttpReply } from './http-reply.ts';
import { isSid } from './sid.ts';

/** Where Socket.IO is served: clients with `addTrailingSlash: false` leave the slash out. */
export const SOCKETIO_PATHS = ['/socket.io/', '/socket.io'] as const;

/** Why a request to an Engine.IO path is refused. */
export type EngineError =
  | 'unknown transport'
  | 'unknown sid'
  | 'bad handshake method'
  | 'bad request'
  | 'forbidden'
  | 'unsupported protocol version';

/** A request to an Engine.IO path, checked except for what only the session itself knows. */
export type EngineRequest =
  | { kind: 'open'; transport: 'polling' | 'websocket' }
  | { kind: 'poll' | 'post' | 'upgrade'; sid: string }
  | { kind: 'refused'; error: EngineError };

/**
 * Codes of the official server, which clients' `connect_error` handlers check, and its messages; the
 * last one also says what to do.
 */
const ERRORS: Record<EngineError, { code: number; message: string }> = {
  'unknown transport': { code: 0, message: 'Transport unknown' },
  'unknown sid': { code: 1, message: 'Session ID unknown' },
  'bad handshake method': { code: 2, message: 'Bad handshake method' },
  'bad request': { code: 3, message: 'Bad request' },
  forbidden: { code: 4, message: 'Forbidden' },
  'unsupported protocol version': {
    code: 5,
    message:
      'Unsupported protocol version: connect with a Socket.IO client of version 3.x or 4.x, which speak Engine.IO 4.',
  },
};

/** Reads a request; `upgrade` says whether it asks for a WebSocket. */
export function readEngineRequest(
  method: string,
  query: URLSearchParams,
  upgrade: boolean,
): EngineRequest {
  const transport = query.get('transport');
  if (transport !== 'polling' && transport !== 'websocket') return refused('unknown transport');
  const sid = query.get('sid');
  if (sid) return readSessionRequest(method, query, upgrade, sid);
  if (method !== 'GET') return refused('bad handshake method');
  if ((transport === 'websocket') !== upgrade) return refused('bad request');
  if (query.get('EIO') !== '4') return refused('unsupported protocol version');
  return { kind: 'open', transport };
}

function readSessionRequest(
  method: string,
  query: URLSearchParams,
  upgrade: boolean,
  sid: string,
): EngineRequest {
  if (!isSid(sid)) return refused('unknown sid');
  if (query.get('EIO') !== '4') return refused('bad request');
  if ((query.get('transport') === 'websocket') !== upgrade) return refused('bad request');
  if (upgrade) return { kind: 'upgrade', sid };
  if (method === 'GET') return { kind: 'poll', sid };
  return method === 'POST' ? { kind: 'post', sid } : refused('bad request');
}

/** The answer to a refused request. @param message says more than the usual one for this error */
export function refusalReply(error: EngineError, message = ERRORS[error].message): HttpReply {
  return {
    status: error === 'forbidden' ? 403 : 400,
    contentType: 'application/json',
    body: JSON.stringify({ code: ERRORS[error].code, message }),
  };
}

/** The answer to a request whose body cannot be read, with a sentence that says what to do. */
export function unreadableReply(message: string): HttpReply {
  const { code } = ERRORS['bad request'];
  return { status: 400, contentType: 'application/json', body: JSON.stringify({ code, message }) };
}

function refused(error: EngineError): EngineRequest {
  return { kind: 'refused', error };
}
