import { EventEmitter } from 'node:events';
import { Agent, get, type IncomingMessage, request } from 'node:http';
import { WebSocket } from 'ws';

const EVENT_END = '\n\n';

/**
 * A room that is followed by an HTTP event stream, with its messages posted one after the other over
 * one connection. It has the interface of a socket.
 */
export class FollowedStream extends EventEmitter<{
  open: [];
  message: [data: Buffer];
  error: [error: Error];
  close: [code: number, reason: Buffer];
}> {
  readonly #postTo: string;
  readonly #headers: Record<string, string>;
  /** One socket, so that the messages of a member arrive in their order. */
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #request;
  #partial = '';
  #isClosed = false;

  constructor(address: string, postTo: string, headers: Record<string, string>) {
    super();
    this.#postTo = postTo;
    this.#headers = headers;
    this.#request = get(address, {
      agent: false,
      headers: { ...headers, accept: 'text/event-stream' },
    });
    this.#request.on('response', (response) => this.#follow(response));
    this.#request.on('error', (error) => this.emit('error', error));
  }

  get readyState(): number {
    return this.#isClosed ? WebSocket.CLOSED : WebSocket.OPEN;
  }

  send(text: string): void {
    const headers = { ...this.#headers, 'content-type': 'application/json' };
    const post = request(this.#postTo, { method: 'POST', agent: this.#agent, headers });
    post.on('response', (response: IncomingMessage) => {
      response.resume();
      const { statusCode = 0 } = response;
      if (statusCode >= 300) this.emit('error', new Error(`A message was answered ${statusCode}.`));
    });
    post.on('error', (error) => this.emit('error', error));
    post.end(text);
  }

  terminate(): void {
    this.#request.destroy();
    this.#agent.destroy();
    this.#close('terminated');
  }

  #follow(response: IncomingMessage): void {
    if (response.statusCode !== 200) {
      this.emit('error', new Error(`A stream was answered ${response.statusCode}.`));
      return;
    }
    response.setEncoding('latin1');
    response.on('data', (text: string) => this.#receive(text));
    response.on('close', () => this.#close('ended'));
    this.emit('open');
  }

  /** Passes on the complete events, so that a message is never cut in two. */
  #receive(text: string): void {
    const known = this.#partial + text;
    const end = known.lastIndexOf(EVENT_END);
    this.#partial = known.slice(end + 1);
    if (end >= 0) this.emit('message', Buffer.from(known.slice(0, end), 'latin1'));
  }

  #close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.emit('close', 1006, Buffer.from(reason));
  }
}
