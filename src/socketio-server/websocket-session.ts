import { isLongerThan } from './byte-length.ts';
import type { Clock } from './clock.ts';
import {
  decodeFrame,
  type EngineData,
  type EngineFrames,
  type EnginePacket,
} from './engine-packet.ts';
import {
  type CloseFrame,
  EngineSession,
  type EngineSessionOptions,
  type EngineTransport,
} from './engine-session.ts';
import type { SocketIoSettings } from './settings.ts';
import { isLate, isTooSlow } from './slow-reader.ts';

/** The end of a WebSocket that a session writes to. Neither method may throw. */
export interface ClientSocket {
  send(data: EngineData): void;
  close(frame: CloseFrame | undefined): void;
  /** Bytes that wait to be written; undefined if the runtime does not know. */
  readonly bufferedBytes: number | undefined;
}

/** The receiver of a WebSocket's frames: a session, or an upgrade on its way to become one. */
export interface FrameReceiver {
  frame(data: string | ArrayBuffer): void;
  /** The client closed, with 1000 or no code if `clean`, or the connection broke. */
  closed(clean: boolean): void;
}

/** RFC 6455: a message too big to process. */
const TOO_LARGE: CloseFrame = { code: 1009 };
/** Protocol section 6: too slow; the client reconnects and resumes. */
const TOO_SLOW: CloseFrame = { code: 4001, reason: 'too slow' };

/** One Engine.IO session over a WebSocket, from its start or from an upgrade on. */
export class WebSocketSession implements FrameReceiver {
  readonly engine: EngineSession;
  readonly #transport: WebSocketTransport;
  readonly #settings: SocketIoSettings;

  constructor(socket: ClientSocket, options: EngineSessionOptions) {
    this.#settings = options.settings;
    this.#transport = new WebSocketTransport(socket, options.clock, options.settings, () =>
      this.engine.lost('too slow', TOO_SLOW),
    );
    this.engine = new EngineSession(this.#transport, options);
  }

  /** Begins a new session. */
  open(): void {
    this.engine.open([]);
  }

  /** Continues a session that began with polling. */
  resume(packets: readonly EnginePacket[]): void {
    this.engine.resume(packets);
  }

  frame(data: string | ArrayBuffer): void {
    this.#transport.heard();
    if (isLongerThan(this.#settings.maxPayloadBytes, data)) {
      this.engine.lost('too large', TOO_LARGE);
    } else {
      this.engine.receive(decodeFrame(data));
    }
  }

  closed(clean: boolean): void {
    this.engine.lost(clean ? 'client close' : 'transport close');
  }
}

/** Writes each packet as a frame, and watches that the client reads them. */
class WebSocketTransport implements EngineTransport {
  readonly #socket: ClientSocket;
  readonly #clock: Clock;
  readonly #settings: SocketIoSettings;
  readonly #tooSlow: () => void;
  #heardAt: number;
  #sentSinceFrameBytes = 0;

  constructor(socket: ClientSocket, clock: Clock, settings: SocketIoSettings, tooSlow: () => void) {
    this.#socket = socket;
    this.#clock = clock;
    this.#settings = settings;
    this.#tooSlow = tooSlow;
    this.#heardAt = clock.now();
  }

  /** The client gave a sign of life. */
  heard(): void {
    this.#heardAt = this.#clock.now();
    this.#sentSinceFrameBytes = 0;
  }

  get unreadBytes(): number {
    const isUnread = isLate(this.#clock.now() - this.#heardAt, this.#settings);
    return this.#socket.bufferedBytes ?? (isUnread ? this.#sentSinceFrameBytes : 0);
  }

  send({ frames, bytes }: EngineFrames): void {
    for (const frame of frames) this.#socket.send(frame);
    this.#sentSinceFrameBytes += bytes;
    const reader = {
      bufferedBytes: this.#socket.bufferedBytes,
      sentSinceFrameBytes: this.#sentSinceFrameBytes,
      silentMs: this.#clock.now() - this.#heardAt,
    };
    if (isTooSlow(reader, this.#settings)) this.#tooSlow();
  }

  end(frame: CloseFrame | undefined, closed: () => void): void {
    this.#socket.close(frame);
    closed();
  }

  abort(frame: CloseFrame | undefined): void {
    this.#socket.close(frame);
  }
}
