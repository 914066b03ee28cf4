import { fixed } from '../../protocol/codes/limits.ts';
import { MissedSignals } from './missed-signals.ts';
import type { Outbox } from './outbox.ts';
import type { Connection, Timer } from '../ports.ts';
import type { Presence } from '../presence/presence.ts';

/**
 * Connections that lost ephemeral events because they could not keep up. As soon as they can, they get a
 * `presence` event, which makes their client ask for the list of users again, and the newest of each
 * signal that they missed. A connection that stays slow is disconnected, so that its client resumes.
 */
export class SlowConsumers {
  readonly #roomId: string;
  readonly #outbox: Outbox;
  readonly #presence: Presence;
  readonly #timer: Timer;
  readonly #disconnect: (connection: Connection) => void;
  /** Slow connections, with the number of `presence` events each was sent so far without keeping up. */
  readonly #slow = new Map<Connection, number>();
  /** The same for those that were sent one in the last round; they return to `#slow` if still too slow. */
  #retried: ReadonlyMap<Connection, number> = new Map();
  #isTimerSet = false;
  /** The signals missed by connections whose sockets the room's own host holds. */
  readonly missed = new MissedSignals<Connection>((connection) => this.add(connection));

  constructor(
    roomId: string,
    outbox: Outbox,
    presence: Presence,
    timer: Timer,
    disconnect: (connection: Connection) => void,
  ) {
    this.#roomId = roomId;
    this.#outbox = outbox;
    this.#presence = presence;
    this.#timer = timer;
    this.#disconnect = disconnect;
  }

  /** Records that a connection lost an ephemeral event. */
  add(connection: Connection): void {
    if (this.#slow.has(connection)) return;
    this.#slow.set(connection, this.#retried.get(connection) ?? 0);
    this.#awaitTimer();
  }

  /**
   * Once more after the last connection has caught up: that empties `#retried`, so that the connection's
   * next lag counts from the beginning.
   */
  #awaitTimer(): void {
    if (this.#isTimerSet || this.#slow.size + this.#retried.size === 0) return;
    this.#isTimerSet = true;
    this.#timer.after(fixed.laggardEveryMs, () => {
      this.#isTimerSet = false;
      this.#retry();
      this.#awaitTimer();
    });
  }

  #retry(): void {
    for (const connection of this.missed.byConnection.keys()) {
      if (!isListening(connection)) this.missed.forget(connection);
    }
    const slow = [...this.#slow].filter(([connection]) => isListening(connection));
    this.#slow.clear();
    this.#retried = new Map(slow.map(([connection, tries]) => [connection, tries + 1]));
    const payload = { roomId: this.#roomId, onlineCount: this.#presence.count };
    const event = { name: 'presence' as const, payload };
    for (const [connection, tries] of slow) {
      if (tries >= fixed.laggardTries) this.#disconnect(connection);
      else this.#outbox.broadcast(event, { to: 'connection', id: connection.state.id });
    }
  }
}

function isListening({ open, state }: Connection): boolean {
  return open && state.joined;
}
