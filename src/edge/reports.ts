import type { ErrorCode } from '../protocol/codes/errors.ts';
import { Counter, Histogram, MILLISECONDS } from '../observability/metrics.ts';
import type { Fields, Logger } from '../observability/logger.ts';
import { FileCounts } from '../observability/file-counts.ts';
import { RoomCounts } from '../observability/room-counts.ts';

/**
 * Least time between two lines of one room or one isolate, in milliseconds. Nothing here sets a timer,
 * which would keep an object awake: the next flush or response after that time writes the line, and
 * what an object has counted since its last line is lost when it sleeps. At `LOG_LEVEL=debug` there is
 * a line for each flush.
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
    return elapsed < 0 || elapsed >= this.#everyMs;
  }

  written(now: number): void {
    this.#writtenAt = now;
  }
}

/** Latencies as fields: `upTo10Ms` counts those above the next lower bound and up to 10 ms. */
function latency(ms: Histogram): Fields {
  const counts = ms.bounds.flatMap((bound, at) => {
    const count = ms.counts[at]!;
    return count === 0 ? [] : [[`upTo${bound}Ms`, count]];
  });
  return {
    p50Ms: ms.quantile(0.5),
    p99Ms: ms.quantile(0.99),
    largestMs: ms.largest,
    ...(Object.fromEntries(counts) as Fields),
  };
}

/** What the object of a room, an inbox or a webhook has counted, as lines of the log. */
export class RoomReport extends RoomCounts {
  readonly #log: Logger;
  readonly #event: string;
  readonly #rhythm: Rhythm;
  #waits = new Histogram(MILLISECONDS);

  constructor(log: Logger, event = 'room') {
    super();
    this.#log = log;
    this.#event = event;
    this.#rhythm = new Rhythm(log);
  }

  flushedFor(connections: number, now: number, waitedMs: number | undefined): void {
    if (waitedMs !== undefined) this.#waits.observe(Math.max(0, waitedMs));
    if (!this.#rhythm.isDue(now) || this.isEmpty) return;
    this.#rhythm.written(now);
    this.#log.event('info', this.#event, { connections, ...this.summary, ...latency(this.#waits) });
    this.clear();
    this.#waits = new Histogram(MILLISECONDS);
  }
}

/** What one of the Worker's isolates has answered, as lines of the log. */
export class TrafficReport {
  readonly #log: Logger;
  readonly #rhythm: Rhythm;
  files = new FileCounts();
  #statuses = new Counter();
  #refusals = new Counter();
  #ms = new Histogram(MILLISECONDS);

  constructor(log: Logger) {
    this.#log = log;
    this.#rhythm = new Rhythm(log);
  }

  refused(code: ErrorCode): void {
    this.#refusals.add(`refused_${code}`);
  }

  /** Counts a response. Its latency is from the request to its head; of an upgrade, to its socket. */
  async watch(respond: () => Promise<Response> | Response): Promise<Response> {
    const startedAt = Date.now();
    const response = await respond();
    const now = Date.now();
    this.#statuses.add(`status_${response.status}`);
    this.#ms.observe(Math.max(0, now - startedAt));
    if (this.#rhythm.isDue(now)) this.#write(now);
    return response;
  }

  #write(now: number): void {
    this.#rhythm.written(now);
    this.#log.event('info', 'worker', {
      requests: this.#ms.count,
      ...latency(this.#ms),
      ...(Object.fromEntries([...this.#statuses.all, ...this.#refusals.all]) as Fields),
      ...this.files.summary,
    });
    this.files = new FileCounts();
    this.#statuses = new Counter();
    this.#refusals = new Counter();
    this.#ms = new Histogram(MILLISECONDS);
  }
}
