import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { ask, type Asked } from '../../../support/http-client.ts';

/** A frame that a raw client sends or receives. */
export type Frame = string | Uint8Array;

/** A WebSocket that sends packets as they are given, and keeps received frames until `next`. */
export class RawSocket {
  readonly #socket: WebSocket;
  readonly #frames: Frame[] = [];
  readonly #closed: Promise<number>;
  #wake: () => void = () => {};
  #code: number | undefined;

  constructor(url: string) {
    this.#socket = new WebSocket(url.replace('http', 'ws'), { perMessageDeflate: false });
    this.#closed = new Promise((resolve) => {
      this.#socket.on('close', (code) => {
        this.#code = code;
        this.#wake();
        resolve(code);
      });
    });
    // A refused upgrade emits an error before the close.
    this.#socket.on('error', () => {});
    this.#socket.on('message', (data: Buffer, isBinary) => {
      this.#frames.push(isBinary ? new Uint8Array(data) : data.toString());
      this.#wake();
    });
  }

  /** The close code, once the socket is closed. */
  get closed(): Promise<number> {
    return this.#closed;
  }

  get code(): number | undefined {
    return this.#code;
  }

  async opened(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CONNECTING) await once(this.#socket, 'open');
  }

  send(...frames: Frame[]): void {
    for (const frame of frames) this.#socket.send(frame);
  }

  /** The next frame; undefined if the socket closes first. */
  async next(): Promise<Frame | undefined> {
    while (this.#frames.length === 0 && this.#code === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#frames.shift();
  }

  /** The next frame that is not a ping; pings are answered, so that the next one is sent. */
  async nextButPing(): Promise<Frame | undefined> {
    const frame = await this.next();
    if (frame !== '2') return frame;
    this.send('3');
    return this.nextButPing();
  }

  /** Waits until the peer has read what was sent so far, or has closed. */
  async settled(): Promise<void> {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const pong = once(this.#socket, 'pong');
    this.#socket.ping();
    await Promise.race([pong, this.#closed]);
  }

  close(): void {
    this.#socket.terminate();
  }
}

/** The answer to a poll or a POST. */
export interface HttpAnswer {
  /** 0 if the connection was torn down without an answer. */
  status: number;
  body: string;
}

/**
 * A session over long polling. Each request has a connection of its own, since a server that refuses a
 * body unread may close the connection.
 */
export class RawPolling {
  readonly #url: string;
  sid = '';

  /** @param url the address of the server, with the query of the protocol but without a sid */
  constructor(url: string) {
    this.#url = url;
  }

  get url(): string {
    return this.sid ? `${this.#url}&sid=${this.sid}` : this.#url;
  }

  /** Opens the session. @returns the fields of the handshake */
  async open(): Promise<{ sid: string; upgrades: string[] } & Record<string, unknown>> {
    const { body } = await this.poll();
    const handshake = JSON.parse(body.slice(1)) as Awaited<ReturnType<RawPolling['open']>>;
    this.sid = handshake.sid;
    return handshake;
  }

  poll(): Promise<HttpAnswer> {
    return this.#ask();
  }

  post(body: string, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return this.#ask({ method: 'POST', body, headers: { ...TEXT, ...headers } });
  }

  put(): Promise<HttpAnswer> {
    return this.#ask({ method: 'PUT', body: 'x', headers: TEXT });
  }

  /** Sends a poll over a bare socket, which the caller can destroy. */
  async cuttablePoll(): Promise<Socket> {
    const { hostname, port, pathname, search } = new URL(this.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`);
    return socket;
  }

  async #ask(asked: Asked = {}): Promise<HttpAnswer> {
    const { origin, pathname, search } = new URL(this.url);
    try {
      const { status, text } = await ask(origin, `${pathname}${search}`, asked);
      return { status, body: text };
    } catch {
      return { status: 0, body: '' };
    }
  }
}

/** The content type that `fetch` gives a text. */
const TEXT = { 'content-type': 'text/plain;charset=UTF-8' };
