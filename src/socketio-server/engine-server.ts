import { type Clock, systemClock } from './clock.ts';
import type { EngineData, EngineFrames } from './engine-packet.ts';
import {
  type CloseFrame,
  type CreateOwner,
  type EngineCloseReason,
  type EngineOwner,
  type EngineSink,
} from './engine-session.ts';
import { openPolling, servePolling } from './polling-http.ts';
import { PollingSession } from './polling-session.ts';
import { DEFAULT_SETTINGS, type SocketIoSettings } from './settings.ts';
import { secureSid } from './sid.ts';
import { type ClientSocket, type FrameReceiver, WebSocketSession } from './websocket-session.ts';
import {
  closeImmediately,
  type PollingObject,
  serveEngine,
  type WorkerMount,
} from './worker-mount.ts';

/** Options of a server. */
export interface EngineServerOptions {
  /** Numbers that are to differ from `DEFAULT_SETTINGS`. */
  settings?: Partial<SocketIoSettings>;
  /** Makes the owner of a session, once for each; `opening` is the request that opened it. */
  createOwner: (session: EngineSink, opening: Request) => EngineOwner;
  /** The runtime's own unless a test gives another. */
  clock?: Clock;
}

/** A session that may move from polling to a WebSocket, which its owner does not notice. */
interface Held {
  sink: MovableSink;
  owner: EngineOwner;
  polling: PollingSession;
}

/**
 * An Engine.IO server whose sessions live in one place, such as one Durable Object: polling,
 * WebSockets and the move from one to the other. Sessions are in memory: while one is open the
 * object stays awake, and when the object is evicted its clients connect again.
 */
export class EngineServer {
  readonly #settings: SocketIoSettings;
  readonly #clock: Clock;
  readonly #createOwner: EngineServerOptions['createOwner'];
  /** Sessions that began with polling, by `sid`. */
  readonly #held = new Map<string, Held>();

  constructor({ settings, createOwner, clock = systemClock }: EngineServerOptions) {
    this.#settings = { ...DEFAULT_SETTINGS, ...settings };
    this.#clock = clock;
    this.#createOwner = createOwner;
  }

  /**
   * Answers a request to the server's path, whichever that is. Allowed origins and
   * CORS headers are the caller's to decide; nothing here adds them.
   */
  fetch(request: Request): Promise<Response> {
    return serveEngine(this.#mount(request), request);
  }

  #mount(opening: Request): WorkerMount<string> {
    return {
      settings: this.#settings,
      clock: this.#clock,
      newSid: secureSid,
      pollingObject: (sid) => this.#pollingObject(sid),
      openSession: (socket, sid) => {
        const createOwner: CreateOwner = (session) => this.#createOwner(session, opening);
        const session = this.#webSocketSession(socket, sid, createOwner);
        session.open();
        return session;
      },
      resumeSession: (socket, sid) => this.#resume(socket, sid),
    };
  }

  #webSocketSession(socket: ClientSocket, sid: string, createOwner: CreateOwner): WebSocketSession {
    return new WebSocketSession(socket, {
      sid,
      settings: this.#settings,
      clock: this.#clock,
      createOwner,
    });
  }

  #pollingObject(sid: string): PollingObject<string> {
    const polling = () => this.#held.get(sid)?.polling;
    return {
      fetch: (request) =>
        new URL(request.url).searchParams.get('sid')
          ? servePolling(polling(), request, this.#settings.maxPayloadBytes)
          : this.#openPolling(sid, request),
      startUpgrade: async () => polling()?.startUpgrade() ?? 'unknown',
      probe: async () => polling()?.probe(),
      cancelUpgrade: async () => polling()?.cancelUpgrade(),
      handOver: async () => sid,
    };
  }

  #openPolling(sid: string, opening: Request): Promise<Response> {
    const polling: PollingSession = new PollingSession({
      sid,
      settings: this.#settings,
      clock: this.#clock,
      // Called when `openPolling` begins the session, below.
      createOwner: (engine) => this.#hold(engine, opening, polling),
    });
    return openPolling(polling);
  }

  #hold(engine: EngineSink, opening: Request, polling: PollingSession): EngineOwner {
    const sink = new MovableSink(engine);
    const { sid } = engine;
    const owner = this.#createOwner(sink, opening);
    const held = {
      onMessage: (data: EngineData) => owner.onMessage(data),
      onClose: (reason: EngineCloseReason) => {
        owner.onClose(reason);
        // Until then the answer to a poll or an upgrade says that the session has ended.
        this.#clock.after(this.#settings.closeTimeoutMs, () => this.#held.delete(sid));
      },
    };
    this.#held.set(sid, { sink, owner: held, polling });
    return held;
  }

  /** Hands over and resumes in one turn, so that nothing sent in between is lost. */
  #resume(socket: ClientSocket, sid: string): FrameReceiver {
    const held = this.#held.get(sid);
    const handOver = held?.polling.handOver();
    if (held === undefined || handOver === undefined) return closeImmediately(socket);
    const session = this.#webSocketSession(socket, sid, (engine) => {
      held.sink.moveTo(engine);
      return held.owner;
    });
    session.resume(handOver.packets);
    return session;
  }
}

/** A session's sink that stays the same when the session moves to another transport. */
class MovableSink implements EngineSink {
  #engine: EngineSink;

  constructor(engine: EngineSink) {
    this.#engine = engine;
  }

  get sid(): string {
    return this.#engine.sid;
  }

  get unreadBytes(): number {
    return this.#engine.unreadBytes;
  }

  moveTo(engine: EngineSink): void {
    this.#engine = engine;
  }

  send(data: EngineData): void {
    this.#engine.send(data);
  }

  sendFrames(frames: EngineFrames): void {
    this.#engine.sendFrames(frames);
  }

  close(frame?: CloseFrame, reason?: EngineCloseReason): void {
    this.#engine.close(frame, reason);
  }
}
