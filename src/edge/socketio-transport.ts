import { systemClock } from '../socketio-server/clock.ts';
import { readHandshake } from '../transports/socketio/credentials.ts';
import { secureSid } from '../socketio-server/sid.ts';
import { serveEngine } from '../socketio-server/worker-mount.ts';
import { delayAnswer } from '../admission/delay-refusal.ts';
import { type ClientSocket, WebSocketSession } from '../socketio-server/websocket-session.ts';
import type { Environment } from './environment.ts';
import { GUESTS_HEADER, type PollingHandOver } from './polling-session.ts';
import { type EdgeChatPorts, SessionChat, socketIoSettings } from './socketio-chat.ts';
import { PendingHandshakes } from './pending-handshakes.ts';

/**
 * Answers a request to `/socket.io/`. The Worker holds WebSockets itself, and one link to each
 * joined room; only long polling has an object of its own.
 */
export function socketIoTransport(
  sessions: Environment['SESSION'],
  ports: EdgeChatPorts,
  allowGuests: boolean,
): (request: Request) => Promise<Response> {
  const settings = socketIoSettings(ports.settings);

  function session(socket: ClientSocket, sid: string, chat: SessionChat): WebSocketSession {
    const { createOwner } = chat;
    return new WebSocketSession(socket, { sid, settings, clock: systemClock, createOwner });
  }
  const sockets = new PendingHandshakes(settings.connectTimeoutMs);
  /** All recent polling sessions: only their objects know which have authenticated. */
  const polling = new PendingHandshakes(settings.connectTimeoutMs);

  /** Delays a new session while too many are unauthenticated. */
  async function throttleHandshake(searchParams: URLSearchParams): Promise<void> {
    if (searchParams.get('sid')) return;
    const isPolling = searchParams.get('transport') === 'polling';
    const isCrowded = (isPolling ? polling : sockets).isCrowded(Date.now());
    if (isPolling) polling.add(Date.now());
    if (isCrowded) await delayAnswer();
  }

  return async (request) => {
    const { searchParams } = new URL(request.url);
    await throttleHandshake(searchParams);
    const handshake = readHandshake(request.headers.get('authorization'), searchParams);
    return serveEngine(
      {
        settings,
        clock: systemClock,
        newSid: secureSid,
        pollingObject: (sid) => sessions.getByName(sid),
        openSession(socket, sid) {
          const pending = sockets.add(Date.now());
          const chat = new SessionChat(ports, { handshake, pending });
          const opened = session(socket, sid, chat);
          opened.open();
          return opened;
        },
        resumeSession(socket, { engine, ...from }: PollingHandOver) {
          const chat = new SessionChat(ports, { handshake }, from);
          const resumed = session(socket, engine.sid, chat);
          resumed.resume(engine.packets);
          void chat.takeLate(sessions.getByName(engine.sid).lateSignals());
          return resumed;
        },
      },
      withGuests(request, allowGuests),
    );
  };
}

/** Sets the header about guests; a client's own is overwritten. */
function withGuests(request: Request, allowGuests: boolean): Request {
  const forwarded = new Request(request);
  forwarded.headers.set(GUESTS_HEADER, String(allowGuests));
  return forwarded;
}
