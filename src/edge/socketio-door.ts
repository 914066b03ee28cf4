import { systemClock } from '../doors/socketio/clock.ts';
import { serveEngine } from '../doors/socketio/worker-mount.ts';
import { type ClientSocket, WebSocketSession } from '../doors/socketio/websocket-session.ts';
import type { Environment } from './environment.ts';
import { GUESTS_HEADER, type PollingHandOver } from './polling-session.ts';
import { type EdgeChatPorts, randomSid, SessionChat, socketIoSettings } from './socketio-chat.ts';
import { SilentSockets } from './silent-sockets.ts';

/**
 * Answers a request to `/socket.io/`. The Worker holds WebSockets itself, and one link to each
 * joined room; only long polling has an object of its own.
 */
export function socketIoDoor(
  sessions: Environment['SESSION'],
  ports: EdgeChatPorts,
  allowGuests: boolean,
): (request: Request) => Promise<Response> {
  const settings = socketIoSettings(ports.settings);

  function session(socket: ClientSocket, sid: string, chat: SessionChat): WebSocketSession {
    const { createOwner } = chat;
    return new WebSocketSession(socket, { sid, settings, clock: systemClock, createOwner });
  }
  const silent = new SilentSockets(settings.connectTimeoutMs);
  const carrier = (socket: ClientSocket) => ({ buffered: () => socket.bufferedBytes });

  return (request) =>
    serveEngine(
      {
        settings,
        clock: systemClock,
        newSid: randomSid,
        pollingObject: (sid) => sessions.getByName(sid),
        openSession(socket, sid) {
          const silence = silent.begin(Date.now());
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
}

/** What a client says of guests is never heard. */
function withGuests(request: Request, allowGuests: boolean): Request {
  const told = new Request(request);
  told.headers.set(GUESTS_HEADER, String(allowGuests));
  return told;
}
