import type { Credentials } from '../../auth/authenticator.ts';
import { bearerIn, hasToken } from '../../auth/credentials.ts';
import { closeCodeOf, type CloseCode } from '../../protocol/codes/close-codes.ts';
import { invalidField, type Problem, Refusal } from '../../protocol/codes/errors.ts';
import { eventLine } from '../../protocol/frames.ts';
import { wrongRoomId } from '../../protocol/text.ts';

/** The subprotocol of browsers, which can send no header of their own. */
export const SUBPROTOCOL = 'parlor.v1';

/** What an upgrade request to `/rooms/:roomId/ws` or `/inbox/ws` asks for. */
export interface Handshake {
  /** Undefined for the inbox. */
  roomId: string | undefined;
  credentials: Credentials;
  /** Payload of `joinRoom` or `openInbox`, not yet checked. */
  join: Record<string, unknown>;
}

const PATH = /^\/rooms\/([^/]+)\/ws$/;

const INBOX_PATH = '/inbox/ws';

/** Whether a request path is the native transport's. */
export function isNativePath(pathname: string): boolean {
  return pathname === INBOX_PATH || PATH.test(pathname);
}

/**
 * Whether refusals can be sent over the socket, because the client offered `parlor.v1`. Read before
 * anything else of the request, since reading that may refuse.
 * @param header the value of `Sec-WebSocket-Protocol`
 */
export function offersSubprotocol(header: string | null | undefined): boolean {
  return protocolsIn(header).includes(SUBPROTOCOL);
}

/**
 * Reads an upgrade request.
 * @param header gives a header by its lower-case name
 * @throws Refusal `invalid_payload` for a room id that is not valid
 */
export function readHandshake(
  url: URL,
  header: (name: string) => string | null | undefined,
): Handshake {
  const offered = protocolsIn(header('sec-websocket-protocol'));
  const isInbox = url.pathname === INBOX_PATH;
  const after = (prefix: string) =>
    offered.find((protocol) => protocol.startsWith(prefix))?.slice(prefix.length);
  return {
    roomId: isInbox ? undefined : readRoomId(PATH.exec(url.pathname)?.[1] ?? ''),
    credentials: {
      token: bearerIn(header('authorization')) ?? after('bearer.'),
      guestToken: after('guest.'),
      isTokenInUrl: hasToken(url.searchParams),
    },
    join: isInbox ? openIn(url.searchParams) : joinIn(url.searchParams),
  };
}

function protocolsIn(header: string | null | undefined): string[] {
  return (header ?? '').split(',').map((protocol) => protocol.trim());
}

/**
 * A room id as a path segment.
 * @throws Refusal `invalid_payload`
 */
export function readRoomId(segment: string): string {
  let roomId: string;
  try {
    roomId = decodeURIComponent(segment);
  } catch {
    throw invalidField('roomId', 'must be percent-encoded UTF-8');
  }
  const why = wrongRoomId(roomId);
  if (why !== undefined) throw invalidField('roomId', why);
  return roomId;
}

/** The payload of `joinRoom` in a query; all fields are optional, and an empty one counts as absent. */
function joinIn(query: URLSearchParams): Record<string, unknown> {
  const join: Record<string, unknown> = {};
  for (const field of ['username', 'since', 'session', 'history', 'quiet']) {
    const value = query.get(field) ?? '';
    if (value !== '') join[field] = value;
  }
  const { history, quiet } = join;
  if (/^\d+$/.test(String(history))) join['history'] = Number(history);
  if (quiet === 'true' || quiet === 'false') join['quiet'] = quiet === 'true';
  return join;
}

/** The payload of `openInbox` in a query, read in the same way. */
function openIn(query: URLSearchParams): Record<string, unknown> {
  const open: Record<string, unknown> = {};
  for (const field of ['since', 'limit']) {
    const value = query.get(field) ?? '';
    if (value !== '') open[field] = value;
  }
  const { limit } = open;
  if (/^\d+$/.test(String(limit))) open['limit'] = Number(limit);
  return open;
}

/** What a client that offered `parlor.v1` gets instead of a room or an inbox: a line, then a close code. */
export function refusalOnSocket(
  problem: Problem,
  pathname: string,
): { line: string; code: CloseCode } {
  return {
    line: eventLine(pathname === INBOX_PATH ? 'inbox' : 'joined', { ok: false, error: problem }),
    code: closeCodeOf(problem.code, problem.retryAfterMs),
  };
}

/** A request for a native socket without an upgrade. */
export function noUpgrade(): Refusal {
  return new Refusal('invalid_payload', 'Connect to this address with a WebSocket.');
}
