import { events } from '../../protocol/events.ts';
import { closeCodes } from '../../protocol/codes/close-codes.ts';
import type { TokenExpiry } from '../access/token-expiry.ts';
import type { Connection, Ports } from '../ports.ts';
import type { Departures } from '../presence/departures.ts';
import type { Frame } from './frame.ts';
import type { Outbox } from './outbox.ts';
import type { SlowConsumers } from './slow-consumers.ts';

type DeliveryPorts = Pick<Ports, 'clock' | 'timer' | 'roster' | 'meter'>;

/** Hands frames to connections, and lets joins wait: when many join, their events leave together. */
export class Delivery {
  readonly #ports: DeliveryPorts;
  readonly #outbox: Outbox;
  readonly #tokenExpiry: TokenExpiry;
  readonly #slowConsumers: SlowConsumers;
  readonly #departures: Departures;
  /** When deferrable events last left, in epoch milliseconds. */
  #joinsSentAt = -Infinity;
  /** Whether a timer is set that flushes what was deferred. */
  #isTimerSet = false;

  constructor(
    ports: DeliveryPorts,
    outbox: Outbox,
    tokenExpiry: TokenExpiry,
    slowConsumers: SlowConsumers,
    departures: Departures,
  ) {
    this.#ports = ports;
    this.#outbox = outbox;
    this.#tokenExpiry = tokenExpiry;
    this.#slowConsumers = slowConsumers;
    this.#departures = departures;
  }

  /** Hands out all that is due, also what becomes due by that. @returns whether anything was */
  flush(): boolean {
    const { roster, clock, timer, meter } = this.#ports;
    let wasDue = false;
    while (this.#outbox.isDue(this.#deferMs() > 0)) {
      wasDue = true;
      const haveJoinsLeft = this.#outbox.flush(
        roster.connections(),
        this.#send,
        this.#deferMs() > 0,
      );
      if (haveJoinsLeft) this.#joinsSentAt = clock.now();
      meter?.flushed();
    }
    if (!this.#isTimerSet && this.#outbox.isDue(false)) {
      this.#isTimerSet = true;
      timer.after(this.#deferMs(), () => {
        this.#isTimerSet = false;
      });
    }
    return wasDue;
  }

  /** How much longer deferrable events may wait, in milliseconds; none when the clock was set back. */
  #deferMs(): number {
    const agoMs = this.#ports.clock.now() - this.#joinsSentAt;
    return agoMs < 0 ? 0 : events.userJoined.everyMs - agoMs;
  }

  readonly #send = (connection: Connection, frame: Frame): void => {
    if (this.#tokenExpiry.hasExpired(connection)) {
      this.#departures.disconnect([connection], closeCodes.tokenExpired);
    } else if (!connection.send(frame)) this.#slowConsumers.add(connection);
    this.#ports.meter?.sent(frame.lines.length);
    // A connection that was too slow, or is gone: its host may never report its end.
    if (!connection.open) this.#departures.gone(connection, 'disconnected');
  };
}
