import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { memoizeByIdentity } from '../src/following/memoize-by-identity.ts';
import type { StreamBody } from '../src/transports/http/stream-body.ts';

/** Bodies whose answer is on its way through the routes, by the response that it will be. */
const answered = new WeakMap<object, ResponseBody>();

/**
 * A body written straight to Node's response. A web stream takes five promises for each chunk, and
 * Node three pieces for each chunk of a chunked response: this costs more than the chunk itself.
 */
export class ResponseBody implements StreamBody {
  readonly #response: ServerResponse;
  /** What waits until the head is sent, or the socket has taken what it was given. */
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #isWaiting = true;
  #isEnding = false;
  #onDrained: (() => void)[] = [];

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /**
   * Sends an answer of the routes: by its body, where that is one of these.
   * @returns what is left to send by other means
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

  onGone(listener: () => void): void {
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
    // Behind an earlier answer of the same connection there is no socket yet; HTTP/1.0 has no chunks.
    const isPlain = socket === null || !response.chunkedEncoding;
    const hasRoom = isPlain ? response.write(bytes) : socket.write(httpChunk(bytes));
    if (hasRoom || this.#isWaiting) return;
    this.#isWaiting = true;
    (isPlain ? response : socket).once('drain', this.#flush);
  }
}

const CRLF = '\r\n';

/** Bytes as one chunk of a chunked body (RFC 9112, section 7.1), made once for all who get them. */
const httpChunk = memoizeByIdentity((bytes: Uint8Array) =>
  Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}${CRLF}`), bytes, Buffer.from(CRLF)]),
);
