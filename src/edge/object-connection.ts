import type { CloseCode } from '../protocol/codes/close-codes.ts';
import { closeCodes, closeReasons } from '../protocol/codes/close-codes.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import { backpressure } from '../room/broadcast/backpressure.ts';
import type { Frame } from '../room/broadcast/frame.ts';
import type { Connection, ConnectionState } from '../room/ports.ts';

/** How stale the attachment's time of the last frame may be, in milliseconds. */
const HEARD_STALE_MS = 20_000;

/** What an attachment holds: the connection's state, and what only this host keeps. */
export interface Attachment extends ConnectionState {
  end: 'native' | 'link';
  /** When a frame last came, in epoch milliseconds, to within 20 s. */
  heardAt: number;
}

interface Platform {
  limits: Limits;
  clock: { now(): number };
  /** When `ping` was last answered for this socket without waking the object. */
  pingedAt(socket: WebSocket): number | undefined;
}

/** A hibernatable socket as the room knows it. Its state is the socket's attachment. */
export class ObjectConnection implements Connection {
  readonly #socket: WebSocket;
  readonly #platform: Platform;
  /** Its socket's attachment. */
  state: Readonly<Attachment>;
  /** Not the socket's own state, which is ahead: frames that were sent before an end come after it. */
  open: boolean;
  #sentSinceSign = 0;
  #sign: number;
  /** When a frame last came at the latest, in epoch milliseconds: never too early for a live client. */
  #heardAt: number;

  constructor(socket: WebSocket, platform: Platform, attachment?: Attachment) {
    this.#socket = socket;
    this.#platform = platform;
    this.#sign = platform.clock.now();
    this.state = attachment ?? (socket.deserializeAttachment() as Attachment);
    this.#heardAt = this.state.heardAt + (attachment === undefined ? HEARD_STALE_MS : 0);
    // One that ended while the object slept is still listed.
    this.open = attachment !== undefined || socket.readyState === WebSocket.READY_STATE_OPEN;
  }

  /** The other side has ended; nothing is sent any more. */
  ended(): void {
    this.open = false;
  }

  /** Links are kept alive by their holder; their `ping` only says that it reads. */
  get lastHeardAt(): number | undefined {
    if (this.state.end === 'link') return undefined;
    const pingedAt = this.#platform.pingedAt(this.#socket);
    return pingedAt === undefined ? undefined : Math.max(pingedAt, this.#heardAt);
  }

  update(change: Partial<ConnectionState>): void {
    this.#write(change);
  }

  /** A frame has come. */
  heard(): void {
    const now = this.#platform.clock.now();
    this.#sign = now;
    this.#heardAt = now;
    this.#sentSinceSign = 0;
    if (now - this.state.heardAt > HEARD_STALE_MS) this.#write({ heardAt: now });
  }

  send(frame: Frame): boolean {
    if (!this.open) return true;
    const verdict = backpressure(this.#backlog(), this.#platform.limits);
    if (verdict === 'tooSlow') {
      this.close(closeCodes.tooSlow, closeReasons[closeCodes.tooSlow]);
      return true;
    }
    if (verdict === 'slow' && frame.ephemeral) return false;
    const { text } = frame;
    this.#sentSinceSign += text.length;
    try {
      this.#socket.send(text);
    } catch {
      this.open = false;
    }
    return true;
  }

  close(code: CloseCode, reason: string): void {
    if (!this.open) return;
    this.open = false;
    try {
      this.#socket.close(code, reason);
    } catch {
      // It is closed already.
    }
  }

  #backlog() {
    // Newer runtimes tell what is buffered; in others this property is missing.
    const { bufferedAmount } = this.#socket as { bufferedAmount?: number };
    if (bufferedAmount === undefined && this.#sentSinceSign > this.#platform.limits.unsentBytes) {
      const pingedAt = this.#platform.pingedAt(this.#socket) ?? 0;
      if (pingedAt > this.#sign) {
        this.#sign = pingedAt;
        this.#sentSinceSign = 0;
      }
    }
    return {
      buffered: bufferedAmount,
      sentSinceSign: this.#sentSinceSign,
      signAgoMs: this.#platform.clock.now() - this.#sign,
    };
  }

  #write(change: Partial<Attachment>): void {
    this.state = { ...this.state, ...change };
    try {
      this.#socket.serializeAttachment(this.state);
    } catch {
      // A socket that has ended keeps no attachment; what is in memory serves until it is forgotten.
    }
  }
}
