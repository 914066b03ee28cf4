import { systemClock } from '../socketio-server/clock.ts';
import { readHandshake } from '../transports/socketio/credentials.ts';
import { serveEngine } from '../socketio-server/worker-mount.ts';
import { delayAnswer } from '../admission/delay-refusal.ts';
import { type ClientSocket, WebSocketSession } from '../socketio-server/websocket-session.ts';
import type { Environment } from './environment.ts';
import { GUESTS_HEADER, type PollingHandOver } from './polling-session.ts';
import { type EdgeChatPorts, randomSid, SessionChat, socketIoSettings } from './socketio-chat.ts';
import { UnauthenticatedSockets } from '../admission/unauthenticated.ts';

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
  const silentSockets = new UnauthenticatedSockets(settings.connectTimeoutMs);
  /** Whether these have said who they are only their objects know. */
  const polling = new UnauthenticatedSockets(settings.connectTimeoutMs);

  /** Waits where too many have begun a session of late, or sit in one and say nothing. */
  async function throttleHandshake(searchParams: URLSearchParams): Promise<void> {
    if (searchParams.has('sid')) return;
    const isPolling = searchParams.get('transport') === 'polling';
    const isCrowd = (isPolling ? polling : silentSockets).isCrowd(Date.now());
    if (isPolling) polling.begin(Date.now());
    if (isCrowd) await delayAnswer();
  }

  return async (request) => {
    const { searchParams } = new URL(request.url);
    await throttleHandshake(searchParams);
    const handshake = readHandshake(request.headers.get('authorization'), searchParams);
    const carrier = (socket: ClientSocket) => ({ buffered: () => socket.bufferedBytes, handshake });
    return serveEngine(
      {
        settings,
        clock: systemClock,
        newSid: randomSid,
        pollingObject: (sid) => sessions.getByName(sid),
        openSession(socket, sid) {
          const silence = silentSockets.begin(Date.now());
          const chat = new SessionChat(ports, { ...carrier(socket), silence });
          const opened = session(socket, sid, chat);
          opened.open();
          return opened;
        },
        resumeSession(socket, { engine, ...from }: PollingHandOver) {
          const resumed = session(
            socket,
            engine.sid,
            new SessionChat(ports, carrier(socket), from),
          );
          resumed.resume(engine.packets);
          return resumed;
        },
      },
      withGuests(request, allowGuests),
    );
  };
}

/** What a client says of guests is never heard. */
function withGuests(request: Request, allowGuests: boolean): Request {
  const told = new Request(request);
  told.headers.set(GUESTS_HEADER, String(allowGuests));
  return told;
}
