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
  /**
   * Not the socket's `readyState`, which changes too early: frames that the client sent before it
   * closed are still to be handled then.
   */
  open: boolean;
  /** UTF-16 units sent since the last sign of life. */
  #sentSinceSign = 0;
  /** When the client last gave a sign of life, in epoch milliseconds. */
  #signAt: number;
  /** Latest time at which a frame can have come last, so that no live client looks silent. */
  #heardAt: number;

  constructor(socket: WebSocket, platform: Platform, attachment?: Attachment) {
    this.#socket = socket;
    this.#platform = platform;
    this.#signAt = platform.clock.now();
    this.state = attachment ?? (socket.deserializeAttachment() as Attachment);
    this.#heardAt = this.state.heardAt + (attachment === undefined ? HEARD_STALE_MS : 0);
    // A socket that ended while the object slept is still listed.
    this.open = attachment !== undefined || socket.readyState === WebSocket.READY_STATE_OPEN;
  }

  /** The other side has closed the socket; nothing is sent any more. */
  ended(): void {
    this.open = false;
  }

  /** Undefined for links: their transport checks the client, and their `ping` only shows that they read. */
  get lastSeenAt(): number | undefined {
    if (this.state.end === 'link') return undefined;
    const pingedAt = this.#platform.pingedAt(this.#socket);
    return pingedAt === undefined ? undefined : Math.max(pingedAt, this.#heardAt);
  }

  update(change: Partial<ConnectionState>): void {
    this.#write(change);
  }

  /** A frame has come. */
  frameReceived(): void {
    const now = this.#platform.clock.now();
    this.#signAt = now;
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
    // Older runtimes do not have this property.
    const { bufferedAmount } = this.#socket as { bufferedAmount?: number };
    if (bufferedAmount === undefined && this.#sentSinceSign > this.#platform.limits.unsentBytes) {
      const pingedAt = this.#platform.pingedAt(this.#socket) ?? 0;
      if (pingedAt > this.#signAt) {
        this.#signAt = pingedAt;
        this.#sentSinceSign = 0;
      }
    }
    return {
      buffered: bufferedAmount,
      sentSinceSign: this.#sentSinceSign,
      signAgoMs: this.#platform.clock.now() - this.#signAt,
    };
  }

  #write(change: Partial<Attachment>): void {
    this.state = { ...this.state, ...change };
    try {
      this.#socket.serializeAttachment(this.state);
    } catch {
      // A socket that has ended keeps no attachment; the state in memory serves until it is removed.
    }
  }
}
