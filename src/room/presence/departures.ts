import { type CloseCode, closeReasons } from '../../protocol/codes/close-codes.ts';
import type { LeaveReason } from '../../protocol/events.ts';
import type { Outbox } from '../broadcast/outbox.ts';
import type { Connection } from '../ports.ts';
import type { Connections } from './connections.ts';
import type { Presence } from './presence.ts';
import type { Signals } from './signals.ts';
import type { Typing } from './typing.ts';

/**
 * Takes connections out of the room: when they leave, when their sockets end, or when the room
 * disconnects them.
 */
export class Departures {
  readonly #outbox: Outbox;
  readonly #connections: Connections;
  readonly #presence: Presence;
  readonly #typing: Typing;
  readonly #signals: Signals;

  constructor(
    outbox: Outbox,
    connections: Connections,
    presence: Presence,
    typing: Typing,
    signals: Signals,
  ) {
    this.#outbox = outbox;
    this.#connections = connections;
    this.#presence = presence;
    this.#typing = typing;
    this.#signals = signals;
  }

  /** The connection stays open and receives no more events. */
  leave(connection: Connection, reason: LeaveReason): void {
    if (!connection.state.joined) return;
    connection.update({ joined: false });
    if (connection.state.silent) return;
    this.#presence.leave(connection, reason);
    const { userId } = connection.state.identity;
    if (this.#presence.has(userId)) return;
    this.#typing.forget(userId);
    this.#signals.forget(userId);
  }

  /** The connection's socket has ended: nothing reaches it any more. */
  gone(connection: Connection, reason: LeaveReason): void {
    this.#connections.remove(connection);
    this.leave(connection, reason);
    this.#outbox.drop(connection);
  }

  /** Closes connections from this side at the next flush, after sending what is due to them by now. */
  disconnect(
    connections: readonly Connection[],
    code: CloseCode,
    reason = closeReasons[code],
    leave: LeaveReason = 'disconnected',
  ): void {
    // All are ended before the first leaves, so that none of them gets the others' `userLeft`.
    for (const connection of connections) this.#outbox.end(connection, code, reason);
    for (const connection of connections) {
      this.#connections.remove(connection);
      this.leave(connection, leave);
    }
  }
}
