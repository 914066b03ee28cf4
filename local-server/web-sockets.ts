import type { Duplex } from 'node:stream';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { trimReason } from '../src/transports/native/trim-reason.ts';

/** Most fragments of one message. Each costs far more than the single byte that it may hold. */
const MAX_FRAGMENTS = 1_000;

/** How long a socket may take to answer our Close before it is cut, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * How long a client that we disconnect has to read our last frame, in milliseconds from when it was
 * sent: an operating system drops unread data when it resets a peer that is still sending.
 */
const DESTROY_AFTER_MS = 250;

/** The WebSocket server of `ws` for both transports: uncompressed, with sockets of `OurSocket`. */
export class WebSockets extends WebSocketServer {
  constructor(options: ServerOptions) {
    const ours = {
      perMessageDeflate: false,
      maxFragments: MAX_FRAGMENTS,
      closeTimeout: CLOSE_TIMEOUT_MS,
      WebSocket: OurSocket,
    };
    // The types of `ws` have neither the timeout nor a subclass with the constructor of its own.
    super({ ...options, ...(ours as object) });
  }
}

/** Refuses an upgrade with an HTTP status and JSON. */
export function answerUpgrade(
  socket: Duplex,
  status: number,
  json: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const lines = [
    `HTTP/1.1 ${status} Refused`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(json)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.on('error', () => undefined);
  socket.write(`${lines.join('\r\n')}\r\n\r\n${json}`);
  destroySoon(socket);
}

/**
 * Ends a stream and reads nothing more from it, whatever is still sent: reading costs as much as the
 * sender likes, even if what is read is dropped.
 */
export function destroySoon(socket: Duplex): void {
  socket.end();
  socket.pause();
  const timer = setTimeout(() => socket.destroy(), DESTROY_AFTER_MS);
  socket.once('close', () => clearTimeout(timer));
}

/**
 * A WebSocket that is destroyed soon after it has broken the protocol or a limit, or after we have
 * closed it while it was paused. `ws` would read the first for as long as it sends, and the second
 * not at all, so that it would not notice its end.
 */
class OurSocket extends WebSocket {
  #isEnding = false;

  constructor(...options: ConstructorParameters<typeof WebSocket>) {
    super(...options);
    // `ws` has sent the fitting Close, and is about to read on.
    this.on('error', () => process.nextTick(() => this.#destroySoon()));
  }

  override close(code?: number, reason?: string | Buffer): void {
    // `ws` throws if the reason is longer.
    super.close(code, typeof reason === 'string' ? trimReason(reason) : reason);
    if (this.isPaused) this.#destroySoon();
  }

  override pause(): void {
    super.pause();
    if (this.readyState === WebSocket.CLOSING) this.#destroySoon();
  }

  override resume(): void {
    if (!this.#isEnding) super.resume();
  }

  #destroySoon(): void {
    const socket = (this as unknown as { _socket: Duplex | null })._socket;
    if (this.#isEnding || socket === null || socket.destroyed) return;
    this.#isEnding = true;
    destroySoon(socket);
  }
}
