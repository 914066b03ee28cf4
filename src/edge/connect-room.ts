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
 * Least time between two `ping`s of a link that receives frames, in milliseconds. Without them the
 * room would take it for one that reads nothing. `ping` is answered without waking the room.
 */
const SIGN_EVERY_MS = 10_000;

/** Close code for a link's socket when its client did not mean to leave. */
const NOT_MEANT = 3000;

/**
 * Connects links to a room's object, each over a socket of its own.
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
 * Opens a socket to an inbox's object; the caller accepts it.
 * @throws Refusal when the inbox refuses the connection, or cannot be reached
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
 * The frame that was received last, parsed. Most links of a room receive the same frame one after
 * the other: it is parsed once, and all get the same list, so that it is also encoded once.
 */
let last = { text: '', frame: new Frame([], undefined, false) };

/**
 * Receives from a link's socket.
 * @param keepsUp whether the link's client keeps up; one that does not loses ephemeral events, as at
 * the room itself
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
    // No further frame comes that these signals could go with.
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
