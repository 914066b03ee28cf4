import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bodyOf } from './request-body.ts';

/** An HTTP server on loopback that hosts send requests to, such as an operator's backend. */
export abstract class LoopbackServer {
  readonly #server = createServer((request, response) => void this.#read(request, response));

  /** Answers a request whose body is complete. */
  protected abstract receive(
    body: Buffer,
    request: IncomingMessage,
    response: ServerResponse,
  ): void;

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => {
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Breaks all connections, and listens again at the same address. */
  async restart(): Promise<void> {
    const port = this.#port;
    const closed = new Promise((resolve) => {
      this.#server.close(resolve);
    });
    this.#server.closeAllConnections();
    await closed;
    await this.listen(port);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async #read(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (body !== undefined) this.receive(body, request, response);
  }
}
