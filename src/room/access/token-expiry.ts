import { type CloseCode, closeCodes } from '../../protocol/codes/close-codes.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Clock, Connection, Roster } from '../ports.ts';

/** Least time between two checks for lost heartbeats, in milliseconds. */
const SWEEP_EVERY_MS = 10_000;

/**
 * Disconnects connections whose token has expired or whose heartbeats have stopped. It checks when
 * something happens in the room anyway: a timer would keep the room awake.
 */
export class TokenExpiry {
  readonly #clock: Clock;
  readonly #roster: Roster;
  readonly #disconnect: (connection: Connection, code: CloseCode) => void;
  #sweptAt = 0;
  /** The earliest time at which a connection's token expires, in epoch milliseconds. */
  #nextExpiry = Infinity;

  constructor(
    clock: Clock,
    roster: Roster,
    disconnect: (connection: Connection, code: CloseCode) => void,
  ) {
    this.#clock = clock;
    this.#roster = roster;
    this.#disconnect = disconnect;
    for (const connection of roster.connections()) this.watch(connection);
  }

  /** Takes a connection's token into account for the next expiry. */
  watch(connection: Connection): void {
    this.#nextExpiry = Math.min(this.#nextExpiry, endOf(connection));
  }

  hasExpired(connection: Connection): boolean {
    const now = this.#clock.now();
    return now > this.#nextExpiry && now > endOf(connection);
  }

  /** Checks every connection if a token may have expired or the last check was at least 10 s ago. */
  sweep(): void {
    const now = this.#clock.now();
    const expiring = now > this.#nextExpiry;
    if (!expiring && Math.abs(now - this.#sweptAt) < SWEEP_EVERY_MS) return;
    this.#sweptAt = now;
    this.#nextExpiry = Infinity;
    for (const connection of this.#roster.connections()) {
      if (!connection.open) continue;
      const silentMs = now - (connection.lastSeenAt ?? now);
      if (now > endOf(connection)) this.#disconnect(connection, closeCodes.tokenExpired);
      else if (silentMs > fixed.heartbeatLostMs)
        this.#disconnect(connection, closeCodes.heartbeatLost);
      else this.watch(connection);
    }
  }
}

/** When a connection's token expires, in epoch milliseconds, plus the tolerated difference of clocks. */
function endOf({ state }: Connection): number {
  return (state.identity.expiresAt ?? Infinity) + fixed.clockToleranceMs;
}
