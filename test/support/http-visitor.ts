import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as pass } from 'node:timers/promises';
import type { Problem } from '../../src/protocol/codes/errors.ts';
import { Inbox } from './inbox.ts';

export interface Answered {
  status: number;
  headers: Headers;
  /** The body's JSON, or its text if it is no JSON. */
  body: unknown;
}

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RequestName {
  /** Sent as JSON; a string is sent as it is. */
  body?: unknown;
  query?: Record<string, string | number>;
  headers?: Record<string, string>;
}

/** A client of the HTTP transport. */
export class HttpVisitor {
  readonly #url: string;
  readonly #token: string | undefined;

  constructor(url: string, token: string | undefined) {
    this.#url = url;
    this.#token = token;
  }

  /**
   * Sends a request to a room; `path` follows `/rooms/:roomId`. Each request has its own connection,
   * because a host ends idle ones after 5 s, perhaps just when one is reused.
   */
  async ask(
    method: Method,
    roomId: string,
    path = '',
    { body, query = {}, headers = {} }: RequestName = {},
  ): Promise<Answered> {
    const sent = request(this.#address(roomId, path, query), {
      method,
      headers: {
        ...this.#credentials(),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      agent: false,
    });
    sent.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return answerOf(response);
  }

  /**
   * Sends a body that the host may refuse without reading it, which can end the connection.
   */
  async send(roomId: string, path: string, body: string): Promise<Answered> {
    const headers = { ...this.#credentials(), 'content-type': 'application/json' };
    const sent = request(this.#address(roomId, path, {}), {
      method: 'POST',
      headers,
      agent: false,
    });
    // The host may cut the rest of the body after it has answered.
    sent.on('error', () => undefined);
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return answerOf(response);
  }

  /** Makes one long poll; a rate-limited one is repeated after `retryAfterMs`. */
  async poll(roomId: string, since?: string): Promise<Polled> {
    for (;;) {
      const { status, body } = await this.ask('GET', roomId, '/events', {
        ...(since !== undefined && { query: { since } }),
      });
      if (status === 200) return body as Polled;
      const { error } = body as { error: Problem };
      if (error.code !== 'rate_limited') throw new Error(`Refused: ${JSON.stringify(error)}`);
      await pass(error.retryAfterMs);
    }
  }

  /** Opens a stream of server-sent events and waits until it is open. */
  async follow(
    roomId: string,
    { since, lastEventId }: { since?: string; lastEventId?: string } = {},
  ): Promise<Follower> {
    const abort = new AbortController();
    const response = await fetch(
      this.#address(roomId, '/events', since === undefined ? {} : { since }),
      {
        headers: {
          ...this.#credentials(),
          accept: 'text/event-stream',
          ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
        },
        signal: abort.signal,
      },
    );
    if (response.status !== 200 || response.body === null) {
      throw new Error(`The stream was refused: ${response.status} ${await response.text()}`);
    }
    return new Follower(response.body, () => abort.abort(), lastEventId ?? since);
  }

  #credentials(): Record<string, string> {
    return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
  }

  #address(roomId: string, path: string, query: Record<string, string | number>): string {
    const given = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) given.set(name, String(value));
    const search = given.toString();
    const room = `${this.#url}/rooms/${encodeURIComponent(roomId)}${path}`;
    return search === '' ? room : `${room}?${search}`;
  }
}

export interface Polled {
  position: string;
  events: [name: string, payload: Record<string, unknown>][];
  reset?: true;
}

/** An event of a stream. */
export interface StreamEvent {
  id: string | undefined;
  name: string;
  payload: Record<string, unknown>;
}

/** Reads a stream of server-sent events as a browser does. */
export class Follower {
  readonly events: StreamEvent[] = [];
  readonly ended: Promise<void>;
  readonly #inbox = new Inbox();
  readonly #stop: () => void;
  /** The id to resume from. */
  lastEventId: string | undefined;
  /** The number of comments, such as heartbeats. */
  comments = 0;

  constructor(body: ReadableStream<Uint8Array>, stop: () => void, from: string | undefined) {
    this.#stop = stop;
    this.lastEventId = from;
    this.ended = this.#read(body);
    // `ended` may reject when no test awaits it.
    this.ended.catch(() => undefined);
  }

  /** Waits until `look` finds something. */
  until<T>(what: string, look: () => T | undefined | false): Promise<T> {
    return this.#inbox.until(what, look);
  }

  /** The first event of that name that fits. */
  hears(name: string, fits: (payload: StreamEvent['payload']) => boolean = () => true) {
    return this.until(`event ${name}`, () =>
      this.events.find((event) => event.name === name && fits(event.payload)),
    );
  }

  named(name: string): StreamEvent['payload'][] {
    return this.events.filter((event) => event.name === name).map(({ payload }) => payload);
  }

  /** Aborts the request. */
  async close(): Promise<void> {
    this.#stop();
    await this.ended;
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const chunk of body) {
        text += decoder.decode(chunk, { stream: true });
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          this.#take(text.slice(0, end));
          text = text.slice(end + 2);
        }
      }
    } catch (error) {
      if ((error as Error).name !== 'AbortError') throw error;
    }
  }

  #take(block: string): void {
    let id: string | undefined;
    let name = 'message';
    let data = '';
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      const value = line.slice(colon + 1).replace(/^ /, '');
      if (colon === 0) this.comments++;
      else if (line.startsWith('id:')) id = value;
      else if (line.startsWith('event:')) name = value;
      else if (line.startsWith('data:')) data += value;
    }
    if (id !== undefined) this.lastEventId = id;
    if (data !== '') {
      const payload = JSON.parse(data) as StreamEvent['payload'];
      this.events.push({ id, name, payload });
    }
    this.#inbox.changed();
  }
}

async function answerOf(response: IncomingMessage): Promise<Answered> {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(response.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  return { status: response.statusCode ?? 0, headers, body: jsonOr(await text(response)) };
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
