import type { Dial, RawLink, RawListener } from '../doors/steady-link.ts';
import { type Problem, Refusal } from '../protocol/errors.ts';
import type { Environment } from './environment.ts';
import { wishRequest } from './headers.ts';
import { renewalLine } from './link-lines.ts';
import { reach } from './reach.ts';

/**
 * A link that hears much gives a sign of life this often, in milliseconds, or its room would take it
 * for one that reads nothing. `ping` is answered without waking the room.
 */
const SIGN_EVERY_MS = 10_000;

/** How a link's socket is closed from this side when its client did not mean to leave. */
const NOT_MEANT = 3000;

/** Reaches a room's object by a socket of its own. */
export function dialRoom(rooms: Environment['ROOM'], roomId: string, silent: boolean): Dial {
  return async (identity, join, listener) => {
    const wish = { identity, join, end: 'link', offersSubprotocol: false } as const;
    const request = wishRequest(silent ? { ...wish, silent } : wish);
    const response = await reach(() => rooms.getByName(roomId).fetch(request));
    if (response.webSocket === null) throw await refusalIn(response);
    return listen(response.webSocket, listener);
  };
}

async function refusalIn(response: Response): Promise<Refusal> {
  const { error } = await response.json<{ error: Problem }>();
  const { code, message, ...details } = error;
  return new Refusal(code, message, details);
}

function listen(socket: WebSocket, listener: RawListener): RawLink {
  let signedAt = Date.now();
  socket.addEventListener('message', ({ data }) => {
    if (data === 'pong') return;
    if (Date.now() - signedAt > SIGN_EVERY_MS) {
      signedAt = Date.now();
      attempt(() => socket.send('ping'));
    }
    const lines = String(data).split('\n');
    const position = lines.at(-1)?.startsWith('["position",') ? lines.pop() : undefined;
    listener.lines(lines, position?.slice(13, -2));
  });
  socket.addEventListener('close', ({ code, reason }) => {
    attempt(() => socket.close());
    if (code >= 4000) listener.closed(code, reason);
    else listener.broken();
  });
  socket.addEventListener('error', () => listener.broken());
  socket.accept();
  return {
    send: (line) => attempt(() => socket.send(line)),
    renew: (identity) => attempt(() => socket.send(renewalLine(identity))),
    close: (reason) => attempt(() => socket.close(reason === 'left' ? 1000 : NOT_MEANT)),
  };
}

function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // The socket has ended; its listener hears of that by an event.
  }
}
