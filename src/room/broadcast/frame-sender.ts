import { events } from '../../protocol/events.ts';
import { closeCodes } from '../../protocol/codes/close-codes.ts';
import type { TokenExpiry } from '../access/token-expiry.ts';
import type { Connection, Ports } from '../ports.ts';
import type { Departures } from '../presence/departures.ts';
import type { Frame } from './frame.ts';
import type { Outbox } from './outbox.ts';
import type { MissedSignals } from './missed-signals.ts';

type FrameSenderPorts = Pick<Ports, 'clock' | 'timer' | 'roster' | 'meter'>;

/** Sends frames to connections. Delays the events of joins, so that when many join these leave together. */
export class FrameSender {
  readonly #ports: FrameSenderPorts;
  readonly #outbox: Outbox;
  readonly #tokenExpiry: TokenExpiry;
  readonly #missed: MissedSignals<Connection>;
  readonly #departures: Departures;
  /** When deferrable events last left, in epoch milliseconds. */
  #joinsSentAt = -Infinity;
  /** Whether a timer is set that flushes the deferred events. */
  #isTimerSet = false;
  /** Frames sent in the current flush, and the lines in them. */
  #sentFrames = 0;
  #sentLines = 0;

  constructor(
    ports: FrameSenderPorts,
    outbox: Outbox,
    tokenExpiry: TokenExpiry,
    missed: MissedSignals<Connection>,
    departures: Departures,
  ) {
    this.#ports = ports;
    this.#outbox = outbox;
    this.#tokenExpiry = tokenExpiry;
    this.#missed = missed;
    this.#departures = departures;
  }

  /** Sends everything due, including what becomes due by sending it. @returns whether anything was */
  flush(): boolean {
    const { roster, clock, meter } = this.#ports;
    const agoMs = clock.now() - this.#joinsSentAt;
    // How many milliseconds deferrable events still wait; 0 when the clock was set back.
    let deferMs = agoMs < 0 ? 0 : events.userJoined.everyMs - agoMs;
    let hasHandedOut = false;
    for (;;) {
      const flushed = this.#outbox.flush(
        roster.connections(),
        this.#send,
        deferMs > 0,
        roster.groups,
      );
      if (!flushed.wasDue) {
        if (flushed.hasDeferred) this.#flushAfter(deferMs);
        return hasHandedOut;
      }
      hasHandedOut = true;
      if (flushed.hasSentDeferrable) {
        this.#joinsSentAt = clock.now();
        deferMs = events.userJoined.everyMs;
      }
      meter?.flushed(this.#sentFrames, this.#sentLines);
      this.#sentFrames = 0;
      this.#sentLines = 0;
    }
  }

  /** Sets a timer; the host flushes after every timer. */
  #flushAfter(ms: number): void {
    if (this.#isTimerSet) return;
    this.#isTimerSet = true;
    this.#ports.timer.after(ms, () => {
      this.#isTimerSet = false;
    });
  }

  readonly #send = (connection: Connection, frame: Frame): void => {
    if (this.#tokenExpiry.hasExpired(connection)) {
      this.#departures.disconnect([connection], closeCodes.tokenExpired);
    } else if (this.#missed.byConnection.size > 0) this.#missed.send(connection, frame);
    else if (!connection.send(frame)) this.#missed.dropped(connection, frame);
    this.#sentFrames++;
    this.#sentLines += frame.lines.length;
    // The connection was too slow, or is gone: the host may never report its end.
    if (!connection.open) this.#departures.gone(connection, 'disconnected');
  };
}
