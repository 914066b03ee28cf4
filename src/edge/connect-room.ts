import type {
  ConnectLink,
  LinkTransport,
  LinkTransportListener,
} from '../following/resumable-link.ts';
import { type Problem, Refusal, refusalOf } from '../protocol/codes/errors.ts';
import { controlLine, isEphemeral, splitFrame } from '../protocol/frames.ts';
import { Frame } from '../room/broadcast/frame.ts';
import { MissedSignals } from '../room/broadcast/missed-signals.ts';
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

/**
 * Reaches a room's object by a socket of its own.
 * @param keepsUp whether the link's client reads as fast as the room sends
 */
export function connectRoom(
  rooms: RoomObjects,
  roomId: string,
  silent: boolean,
  keepsUp: () => boolean,
): ConnectLink {
  return async (identity, join, listener) => {
    const context = { identity, join, end: 'link' } as const;
    return listen(
      await openRoom(rooms, roomId, silent ? { ...context, silent } : context),
      listener,
      keepsUp,
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
let last = { text: '', frame: new Frame([], undefined, false) };

/**
 * Receives from a link's socket.
 * @param keepsUp whether its client does; otherwise that loses what is ephemeral, as at the room itself
 */
export function listen(
  socket: WebSocket,
  listener: LinkTransportListener,
  keepsUp: () => boolean,
): LinkTransport {
  const client = {
    send: (frame: Frame) => {
      if (frame.ephemeral && !keepsUp()) return false;
      listener.lines(frame.lines, frame.position);
      return true;
    },
  };
  const missed = new MissedSignals<typeof client>(() =>
    attempt(() => socket.send(controlLine({ lags: true }))),
  );
  let signedAt = Date.now();
  socket.addEventListener('message', ({ data }) => {
    if (data === 'pong') return;
    if (Date.now() - signedAt > SIGN_EVERY_MS) {
      signedAt = Date.now();
      attempt(() => socket.send('ping'));
    }
    if (last.text !== data) {
      const { lines, position } = splitFrame(data as string);
      const isAllEphemeral = position === undefined && lines.every(isEphemeral);
      last = { text: data as string, frame: new Frame(lines, position, isAllEphemeral) };
    }
    if (missed.byConnection.size > 0) missed.send(client, last.frame);
    else if (!client.send(last.frame)) missed.dropped(client, last.frame);
  });
  socket.addEventListener('close', ({ code, reason }) => {
    attempt(() => socket.close());
    // No other frame comes for these to go with.
    const late = missed.forget(client);
    if (late.length > 0) listener.lines(late, undefined);
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
    renew: (identity) => attempt(() => socket.send(controlLine({ renew: identity }))),
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
