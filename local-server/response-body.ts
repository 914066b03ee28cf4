import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { memoizeByIdentity } from '../src/following/memoize-by-identity.ts';
import type { StreamBody } from '../src/transports/http/stream-body.ts';

/** Bodies whose answer is still on its way through the routes, by Node's response. */
const answered = new WeakMap<object, ResponseBody>();

/**
 * A body written straight to Node's response. A web stream takes five promises for each chunk, and
 * Node writes each chunk of a chunked response in three pieces: that costs more than the chunk itself.
 */
export class ResponseBody implements StreamBody {
  readonly #response: ServerResponse;
  /** Bytes that wait until the head is sent, or the socket has drained. */
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #isWaiting = true;
  #isEnding = false;
  #onDrained: (() => void)[] = [];

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /**
   * Sends an answer of the routes whose body is one of these.
   * @returns what is left to send: any other answer as it is
   */
  static send(response: object, answer: Response): Response {
    const body = answered.get(response);
    if (body === undefined) return answer;
    answered.delete(response);
    body.#begin(answer);
    return RESPONSE_ALREADY_SENT;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  write(bytes: Uint8Array): void {
    if (!this.#isWaiting) {
      this.#pass(bytes);
      return;
    }
    this.#unsent.push(bytes);
    this.#unsentBytes += bytes.byteLength;
  }

  drop(): void {
    this.#unsent = [];
    this.#unsentBytes = 0;
  }

  drained(): Promise<void> {
    if (!this.#isWaiting || this.#isEnding) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  end(): void {
    this.#isEnding = true;
    for (const resolve of this.#onDrained.splice(0)) resolve();
    if (this.#response.headersSent) this.#finish();
  }

  onClosed(listener: () => void): void {
    if (this.#response.destroyed) listener();
    else this.#response.once('close', listener);
  }

  answer(headers: Record<string, string>): Response {
    answered.set(this.#response, this);
    return new Response(null, { headers });
  }

  #begin({ status, headers }: Response): void {
    this.#response.on('error', () => undefined);
    this.#response.writeHead(status, Object.fromEntries(headers));
    this.#response.flushHeaders();
    this.#flush();
    if (this.#isEnding) this.#finish();
  }

  readonly #flush = (): void => {
    this.#isWaiting = false;
    const due = this.#unsent;
    this.drop();
    for (const bytes of due) this.write(bytes);
    if (!this.#isWaiting) for (const resolve of this.#onDrained.splice(0)) resolve();
  };

  #finish(): void {
    for (const bytes of this.#unsent) this.#pass(bytes);
    this.drop();
    this.#response.end();
  }

  #pass(bytes: Uint8Array): void {
    const response = this.#response;
    if (response.destroyed) return;
    const { socket } = response;
    // There is no socket yet while an earlier answer is sent on it; HTTP/1.0 has no chunks.
    const isPlain = socket === null || !response.chunkedEncoding;
    const hasRoom = isPlain ? response.write(bytes) : socket.write(httpChunk(bytes));
    if (hasRoom || this.#isWaiting) return;
    this.#isWaiting = true;
    (isPlain ? response : socket).once('drain', this.#flush);
  }
}

const CRLF = '\r\n';

/** Bytes as one chunk of a chunked body (RFC 9112, section 7.1), made once for all bodies. */
const httpChunk = memoizeByIdentity((bytes: Uint8Array) =>
  Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}${CRLF}`), bytes, Buffer.from(CRLF)]),
);
