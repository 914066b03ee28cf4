import type {
  ConnectLink,
  LinkTransport,
  LinkTransportListener,
} from '../following/resumable-link.ts';
import { type Problem, Refusal, refusalOf } from '../protocol/codes/errors.ts';
import { identityUpdateLine, splitFrame } from '../protocol/frames.ts';
import type { Environment } from './environment.ts';
import { type UpgradeContext, upgradeRequest } from './upgrade-context.ts';
import { callRoom } from './call-room.ts';
import { openRoom, type RoomObjects } from './open-room.ts';

/**
 * A link that receives much gives a sign of life this often, in milliseconds, or its room would take
 * it for one that reads nothing. `ping` is answered without waking the room.
 */
const SIGN_EVERY_MS = 10_000;

/** How a link's socket is closed from this side when its client did not mean to leave. */
const NOT_MEANT = 3000;

/** Reaches a room's object by a socket of its own. */
export function connectRoom(rooms: RoomObjects, roomId: string, silent: boolean): ConnectLink {
  return async (identity, join, listener) => {
    const context = { identity, join, end: 'link' } as const;
    return listen(
      await openRoom(rooms, roomId, silent ? { ...context, silent } : context),
      listener,
    );
  };
}

/**
 * A socket to an inbox's object, open; not accepted yet.
 * @throws Refusal when the inbox does not take it, or cannot be reached
 */
export async function openInbox(
  inboxes: Environment['INBOX'],
  userId: string,
  context: UpgradeContext,
): Promise<WebSocket> {
  const response = await callRoom(() => inboxes.getByName(userId).fetch(upgradeRequest(context)));
  if (response.webSocket === null) throw await refusalIn(response);
  return response.webSocket;
}

export async function refusalIn(response: Response): Promise<Refusal> {
  const { error } = await response.json<{ error: Problem }>();
  return refusalOf(error);
}

/**
 * The frame that came last. Most of a room's links receive the same one after the other: it is taken
 * apart once, and all are given the same list, so that their transports prepare it once, too.
 */
let lastFrame = { text: '', ...splitFrame('') };

/** Hears a link's socket. */
export function listen(socket: WebSocket, listener: LinkTransportListener): LinkTransport {
  let signedAt = Date.now();
  socket.addEventListener('message', ({ data }) => {
    if (data === 'pong') return;
    if (Date.now() - signedAt > SIGN_EVERY_MS) {
      signedAt = Date.now();
      attempt(() => socket.send('ping'));
    }
    if (lastFrame.text !== data)
      lastFrame = { text: data as string, ...splitFrame(data as string) };
    listener.lines(lastFrame.lines, lastFrame.position);
  });
  socket.addEventListener('close', ({ code, reason }) => {
    attempt(() => socket.close());
    if (code >= 4000) listener.closed(code, reason);
    else listener.broken();
  });
  socket.addEventListener('error', () => listener.broken());
  socket.accept();
  return {
    send: (line) => {
      try {
        socket.send(line);
      } catch {
        // The socket has ended; its listener gets an event.
      }
    },
    renew: (identity) => attempt(() => socket.send(identityUpdateLine(identity))),
    close: (reason) => attempt(() => socket.close(reason === 'left' ? 1000 : NOT_MEANT)),
  };
}

function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // The socket has ended; its listener gets an event.
  }
}
