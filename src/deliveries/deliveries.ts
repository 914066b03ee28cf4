import type {
  Clock,
  Courier,
  Delivery,
  DeliveryOutcome,
  Ids,
  Log,
  Sql,
  Timer,
} from '../host/ports.ts';
import { backoffMs, fractionOf, MAX_BACKOFF_MS } from './backoff.ts';
import { type Attempt, type DeliveryRow, DeliveryRows } from './delivery-rows.ts';

/** Least time between two wakeups for deliveries, in milliseconds: a busy object sets one, not many. */
export const WAKEUP_EVERY_MS = 60_000;

/** Most deliveries in one attempt, and most targets with an attempt at the same time. */
const STEP = 100;

export interface DeliveriesPorts {
  sql: Pick<Sql, 'all' | 'run' | 'atomic'>;
  clock: Clock;
  ids: Ids;
  timer: Timer;
  log: Log;
  courier?: Courier;
  meter?: { attempted(outcome: 'delivered' | 'failed'): void };
}

/** An attempt and how it has ended. */
interface Settled {
  attempt: Attempt;
  outcome: DeliveryOutcome;
}

/**
 * What an object owes to targets outside it: stored in the transaction of the change, carried after the
 * commit, kept until acknowledged. At least once; the latest state wins. Memory holds only which
 * targets to check; after a crash the next wakeup finds the rest in storage.
 */
export class Deliveries {
  readonly #ports: DeliveriesPorts;
  readonly #rows: DeliveryRows;
  readonly #read: (target: string, key: string) => string | undefined;
  /** Deliveries under way, by target. */
  readonly #flights = new Map<string, readonly Delivery[]>();
  /** Targets that may have something due. */
  readonly #ready = new Set<string>();
  /** When to look in storage for other targets with something due; at first at once. */
  #lookAt = -Infinity;

  /**
   * @param read reads the current body of a delivery, as JSON; undefined when nothing is
   * left to deliver
   */
  constructor(ports: DeliveriesPorts, read: (target: string, key: string) => string | undefined) {
    this.#ports = ports;
    this.#rows = new DeliveryRows(ports.sql);
    this.#read = read;
  }

  /**
   * Stores a delivery. Call it inside the transaction of the change.
   * @param body by default it is read when the delivery is sent
   */
  add(target: string, key: string, body: string | null = null): void {
    this.#rows.add(target, key, this.#ports.clock.now(), body);
    if (this.#ports.courier !== undefined) this.#ready.add(target);
  }

  /** Removes what is owed to a target, which is not to get it any more, but for some keys. */
  drop(target: string, except: readonly string[] = []): void {
    this.#rows.drop(target, except);
  }

  /** Whether anything is owed to a target, but for some keys. */
  owes(target: string, except: readonly string[] = []): boolean {
    return this.#rows.has(target, except);
  }

  /** The version of the delivery that waits or is under way; undefined without one. */
  versionOf(target: string, key: string): number | undefined {
    return this.#rows.versionOf(target, key);
  }

  /** When the first delivery is due, in epoch milliseconds, possibly in the past; undefined without one. */
  firstDue(): number | undefined {
    return this.#rows.firstDue();
  }

  /** Makes all deliveries of one target, or of all targets, due now: what made them fail may be over. */
  restart(target: string | null = null): void {
    this.#rows.restart(this.#ports.clock.now(), target);
    this.#lookAt = -Infinity;
  }

  /**
   * When to wake the object for deliveries that a crash or a failed attempt left, in epoch
   * milliseconds; undefined without any. A retry that is due sooner is made only if the object is awake
   * anyway.
   */
  nextWakeup(now: number): number | undefined {
    const due = this.#rows.firstDue();
    if (due === undefined) return undefined;
    return Math.max(now + WAKEUP_EVERY_MS, Math.min(due, now + MAX_BACKOFF_MS));
  }

  /** Makes the next flush look in storage for everything due. Call it when the object is woken. */
  wake(): void {
    const now = this.#ports.clock.now();
    this.#rows.bringForward(now, now + MAX_BACKOFF_MS);
    this.#lookAt = -Infinity;
  }

  /** Starts attempts at what is due, in a bounded step. Call it once the rows are durable; never throws. */
  dispatch(): void {
    const { courier, clock } = this.#ports;
    if (courier === undefined) return;
    const now = clock.now();
    if (this.#ready.size === 0 && now < this.#lookAt) return;
    try {
      this.#look(now);
      for (const target of this.#takeReady()) this.#start(courier, target, now);
    } catch (error) {
      this.#waitForStorage(error);
    }
  }

  /** All rows with their bodies, for when the data that bodies are read from is about to be deleted. */
  withBodies(): DeliveryRow[] {
    return this.#rows.all().flatMap((row) => {
      const body = this.#bodyOf(row);
      if (body === undefined) return [];
      return [{ ...row, body: typeof body === 'string' ? body : null }];
    });
  }

  /** Stores rows again after the database was erased. */
  restore(rows: readonly DeliveryRow[]): void {
    for (const row of rows) this.#rows.insert(row);
    this.#lookAt = -Infinity;
  }

  #look(now: number): void {
    const limit = STEP - this.#flights.size;
    if (now < this.#lookAt || limit <= 0) return;
    const targets = this.#rows.dueTargets(now, this.#flights.keys(), limit);
    for (const target of targets) this.#ready.add(target);
    if (targets.length < limit) this.#lookAt = this.#rows.nextDue(now);
  }

  /** Ready targets without an attempt under way, as many as may start one. */
  #takeReady(): string[] {
    const targets: string[] = [];
    for (const target of this.#ready) {
      if (this.#flights.size + targets.length >= STEP) break;
      if (!this.#flights.has(target)) targets.push(target);
    }
    for (const target of targets) this.#ready.delete(target);
    return targets;
  }

  #start(courier: Courier, target: string, now: number): void {
    const sent: Delivery[] = [];
    const unsent: Settled[] = [];
    for (const row of this.#rows.due(target, now, STEP)) {
      const { due: _, ...attempt } = row;
      const body = this.#bodyOf(row);
      if (typeof body === 'string') sent.push({ ...attempt, body });
      else unsent.push({ attempt, outcome: body === undefined ? 'delivered' : 'failed' });
    }
    if (sent.length > 0) {
      this.#flights.set(target, sent);
      courier.send(target, sent, (outcomes) => this.#settle(target, sent, outcomes));
    }
    if (unsent.length > 0) this.#ports.timer.after(0, () => this.#record(target, unsent));
  }

  /** The body; undefined when nothing is left to deliver, null when it cannot be read. */
  #bodyOf({ target, key, body }: DeliveryRow): string | undefined | null {
    try {
      return body ?? this.#read(target, key);
    } catch (error) {
      this.#ports.log.failure('deliveries', error);
      return null;
    }
  }

  #settle(target: string, sent: readonly Delivery[], outcomes: readonly DeliveryOutcome[]): void {
    // It was settled already.
    if (this.#flights.get(target) !== sent) return;
    this.#flights.delete(target);
    const settled = sent.map((attempt, at) => ({ attempt, outcome: outcomes[at] ?? 'failed' }));
    for (const { outcome } of settled) {
      this.#ports.meter?.attempted(outcome === 'delivered' ? outcome : 'failed');
    }
    this.#record(target, settled);
  }

  /**
   * Stores how attempts have ended; the target may then have more that is due. All that failed as
   * often wait equally long, so that they stay in their order.
   */
  #record(target: string, settled: readonly Settled[]): void {
    try {
      const failed = settled.find(({ outcome }) => outcome !== 'delivered');
      const random = failed === undefined ? 0 : fractionOf(this.#ports.ids.make());
      const now = this.#ports.clock.now();
      this.#ports.sql.atomic(() => {
        for (const each of settled) this.#store(each, now, random);
      });
      this.#ready.add(target);
    } catch (error) {
      this.#waitForStorage(error);
    }
  }

  #store({ attempt, outcome }: Settled, now: number, random: number): void {
    if (outcome === 'delivered') {
      this.#rows.acknowledge(attempt);
      return;
    }
    const delayMs =
      outcome === 'failed'
        ? backoffMs(attempt.attempt, random)
        : Math.min(outcome.retryAfterMs, MAX_BACKOFF_MS);
    const due = now + delayMs;
    this.#rows.postpone(attempt, due);
    this.#lookAt = Math.min(this.#lookAt, due);
  }

  /** While storage fails, the same attempts must not be made again at every flush. */
  #waitForStorage(error: unknown): void {
    this.#ports.log.failure('deliveries', error);
    this.#ready.clear();
    this.#lookAt = this.#ports.clock.now() + WAKEUP_EVERY_MS;
  }
}
