import type { OperationName } from '../protocol/commands.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { Meter } from '../room/ports.ts';
import { Counter, Histogram, SECONDS } from '../log/metrics.ts';
import type { Fields, Logger } from '../log/logger.ts';
import { RoomCounts } from '../log/room-counts.ts';

/**
 * Least time between two lines of one room or one isolate, in milliseconds. Nothing here sets a timer,
 * which would keep an object awake: a line is written by what happens next, and what an object has
 * counted since its last line is lost when it sleeps. At `LOG_LEVEL=debug` there is one for each flush.
 */
const EVERY_MS = 10_000;

/** Says when a line is due: the first at once, then one in ten seconds. */
class Rhythm {
  readonly #everyMs: number;
  #writtenAt = -Infinity;

  constructor(log: Logger) {
    this.#everyMs = log.writes('debug') ? 0 : EVERY_MS;
  }

  isDue(now: number): boolean {
    const elapsed = now - this.#writtenAt;
    if (elapsed >= 0 && elapsed < this.#everyMs) return false;
    this.#writtenAt = now;
    return true;
  }
}

/** What one room's object has counted, as lines of the log. */
export class RoomReport implements Meter {
  readonly #log: Logger;
  readonly #rhythm: Rhythm;
  #counts = new RoomCounts();

  constructor(log: Logger) {
    this.#log = log;
    this.#rhythm = new Rhythm(log);
  }

  done(name: OperationName, missed: number | undefined): void {
    this.#counts.done(name, missed);
  }

  refused(code: ErrorCode): void {
    this.#counts.refused(code);
  }

  sent(lines: number): void {
    this.#counts.sent(lines);
  }

  flushed(): void {
    this.#counts.flushed();
  }

  woken(): void {
    this.#counts.woken();
  }

  /** Writes a line when one is due. */
  write(connections: number, now: number): void {
    if (this.#counts.isEmpty || !this.#rhythm.isDue(now)) return;
    this.#log.event('info', 'room', { connections, ...this.#counts.summary });
    this.#counts = new RoomCounts();
  }
}

/** What the Worker has answered, as lines of the log: one isolate of many. */
export class TrafficReport {
  readonly #log: Logger;
  readonly #rhythm: Rhythm;
  #statuses = new Counter();
  #refusals = new Counter();
  #seconds = new Histogram(SECONDS);

  constructor(log: Logger) {
    this.#log = log;
    this.#rhythm = new Rhythm(log);
  }

  refused(code: ErrorCode): void {
    this.#refusals.add(`refused_${code}`);
  }

  /** Waits for a response; its time is from the request to its head, of an upgrade to its socket. */
  async watch(respond: () => Promise<Response> | Response): Promise<Response> {
    const startedAt = Date.now();
    const response = await respond();
    const now = Date.now();
    this.#statuses.add(`status_${response.status}`);
    this.#seconds.observe(Math.max(0, now - startedAt) / 1_000);
    if (this.#rhythm.isDue(now)) this.#write();
    return response;
  }

  #write(): void {
    const seconds = this.#seconds;
    this.#log.event('info', 'worker', {
      requests: seconds.count,
      p50Ms: seconds.quantile(0.5) * 1_000,
      p99Ms: seconds.quantile(0.99) * 1_000,
      largestMs: seconds.largest * 1_000,
      ...(Object.fromEntries([...this.#statuses.all, ...this.#refusals.all]) as Fields),
    });
    this.#statuses = new Counter();
    this.#refusals = new Counter();
    this.#seconds = new Histogram(SECONDS);
  }
}
