import type { Connection } from '../room/ports.ts';
import type { RelayRequest } from './exchange.ts';

export type ConnectRequest = Extract<RelayRequest, { type: 'connect' }>;

/** The sockets of a relay, by connection id: open ones, and those that the room has not accepted yet. */
export class RelaySockets {
  readonly #open = new Map<string, Connection>();
  readonly #waiting = new Map<string, { connection: Connection; request: ConnectRequest }>();
  /** Connections that the room is asked to close: what they still send is ignored. */
  readonly #ending = new Set<string>();

  get size(): number {
    return this.#open.size + this.#waiting.size;
  }

  get hasOpen(): boolean {
    return this.#open.size > 0;
  }

  connections(): Iterable<Connection> {
    return this.#open.values();
  }

  /** The connect requests of the sockets that wait. */
  waiting(): ConnectRequest[] {
    return [...this.#waiting.values()].map(({ request }) => request);
  }

  find(id: string): Connection | undefined {
    return this.#open.get(id);
  }

  requestOf(id: string): ConnectRequest | undefined {
    return this.#waiting.get(id)?.request;
  }

  wait(connection: Connection, request: ConnectRequest): void {
    this.#waiting.set(connection.state.id, { connection, request });
  }

  /** Removes a socket that waits. @returns undefined if it does not wait */
  take(id: string): Connection | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting?.connection;
  }

  /** The room has accepted a socket that waits. @returns undefined if it does not wait */
  open(id: string): Connection | undefined {
    const connection = this.take(id);
    if (connection !== undefined) this.add(connection);
    return connection;
  }

  add(connection: Connection): void {
    this.#open.set(connection.state.id, connection);
  }

  /** The room is asked to close a connection. */
  end(id: string): void {
    this.#ending.add(id);
  }

  /** @returns whether it was open */
  remove(id: string): boolean {
    this.#ending.delete(id);
    return this.#open.delete(id);
  }

  isReachable({ open, state }: Connection): boolean {
    return open && this.#open.has(state.id) && !this.#ending.has(state.id);
  }
}
