import { type Clock, systemClock } from './clock.ts';
import { EngineServer } from './engine-server.ts';
import { DEFAULT_SETTINGS, type SocketIoSettings } from './settings.ts';
import { secureSid } from './sid.ts';
import type { SocketIoOwner } from './socketio-owner.ts';
import { SocketIoSession } from './socketio-session.ts';

/** Numbers and a clock for a server; see `DEFAULT_SETTINGS`. */
export interface SocketIoServerOptions {
  /** Numbers that are to differ from `DEFAULT_SETTINGS`. */
  settings?: Partial<SocketIoSettings>;
  /** The runtime's own unless a test gives another. */
  clock?: Clock;
}

/**
 * A Socket.IO server whose sockets live in one place, such as one Durable Object: any namespace,
 * events, acknowledgements both ways, binary values. A socket stays the same when its client moves
 * from polling to a WebSocket.
 *
 * ```ts
 * const server = new SocketIoServer(() => ({
 *   onConnect: (request) => void request.accept()?.emit('welcome'),
 *   onEvent: (socket, { args, ackId }) => socket.ack(ackId, ...args),
 *   onDisconnect: () => {},
 * }));
 * const response = await server.fetch(request);
 * ```
 */
export class SocketIoServer {
  readonly #engine: EngineServer;

  /**
   * @param createOwner makes the owner of a session, which accepts its client and gets its events,
   * once for each session; `opening` is the request that opened it, with its query and headers
   */
  constructor(
    createOwner: (opening: Request) => SocketIoOwner,
    options: SocketIoServerOptions = {},
  ) {
    const { clock = systemClock } = options;
    const settings = { ...DEFAULT_SETTINGS, ...options.settings };
    const session = { settings, clock, newSid: secureSid };
    this.#engine = new EngineServer({
      settings,
      clock,
      createOwner: (engine, opening) =>
        new SocketIoSession(engine, { ...session, owner: createOwner(opening) }),
    });
  }

  /**
   * Answers a request to the server's path, `/socket.io/` unless clients use another. Origins
   * and CORS headers are the caller's.
   */
  fetch(request: Request): Promise<Response> {
    return this.#engine.fetch(request);
  }
}
