import { closeCodes, closeReasons } from '../protocol/codes/close-codes.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import { systemClock } from '../socketio-server/clock.ts';
import { ObjectConnection } from './object-connection.ts';
import type { UpgradeContext } from './upgrade-context.ts';

/** The sockets of a Durable Object as connections of the object that it hosts. They outlive its sleep. */
export class RoomSockets {
  readonly #state: DurableObjectState;
  readonly #connections = new Map<WebSocket, ObjectConnection>();
  readonly #platform;

  constructor(state: DurableObjectState, limits: Limits) {
    this.#state = state;
    this.#platform = {
      limits,
      clock: systemClock,
      pingedAt: (socket: WebSocket) => state.getWebSocketAutoResponseTimestamp(socket)?.getTime(),
    };
    state.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    for (const socket of state.getWebSockets()) this.of(socket);
  }

  get size(): number {
    return this.#connections.size;
  }

  /** All connections, also those that are closing. */
  connections(): Iterable<ObjectConnection> {
    return this.#connections.values();
  }

  of(socket: WebSocket): ObjectConnection {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const connection = new ObjectConnection(socket, this.#platform);
    this.#connections.set(socket, connection);
    return connection;
  }

  /** The connection for a socket that is not accepted yet. */
  candidate(
    socket: WebSocket,
    { identity, end, silent }: Omit<UpgradeContext, 'join'>,
  ): ObjectConnection {
    return new ObjectConnection(socket, this.#platform, {
      v: 1,
      id: crypto.randomUUID(),
      identity,
      joined: false,
      ...(silent && { silent }),
      end,
      heardAt: Date.now(),
    });
  }

  accept(socket: WebSocket, connection: ObjectConnection): void {
    this.#state.acceptWebSocket(socket);
    this.#connections.set(socket, connection);
    // Only an accepted socket can store its attachment.
    connection.update({});
  }

  delete(socket: WebSocket): void {
    this.#connections.delete(socket);
  }

  /** Closes every connection with 4000, so that its client reconnects. */
  closeAll(): void {
    for (const connection of this.#connections.values()) {
      connection.close(closeCodes.goingAway, closeReasons[closeCodes.goingAway]);
    }
  }
}
