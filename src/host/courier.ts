import type { Courier, Delivery, DeliveryOutcome, Timer } from './ports.ts';

/** Carries deliveries to the one target that they share. A rejection counts as `failed` for all. */
export type Carry = (
  target: string,
  deliveries: readonly Delivery[],
) => Promise<readonly DeliveryOutcome[]>;

/**
 * Carries one delivery after the other until one is not delivered or the time is up. The rest are not
 * attempted at a target that fails, and get the outcome of the one that failed.
 * @param startsWithinMs time in which deliveries are begun, in milliseconds
 */
export async function carryInOrder(
  deliveries: readonly Delivery[],
  startsWithinMs: number,
  carryOne: (delivery: Delivery) => Promise<DeliveryOutcome>,
): Promise<DeliveryOutcome[]> {
  const until = Date.now() + startsWithinMs;
  const outcomes: DeliveryOutcome[] = [];
  for (const delivery of deliveries) {
    if (Date.now() > until) break;
    const outcome = await carryOne(delivery);
    outcomes.push(outcome);
    if (outcome !== 'delivered') break;
  }
  const last = outcomes.at(-1) ?? 'failed';
  const rest = last === 'delivered' ? { retryAfterMs: 1_000 } : last;
  return deliveries.map((_, at) => outcomes[at] ?? rest);
}

type Settle = (outcomes: readonly DeliveryOutcome[]) => void;

interface Attempt {
  target: string;
  deliveries: readonly Delivery[];
  settle: Settle;
}

/** An attempt without an outcome after this long has failed, in milliseconds. */
export const CARRY_TIMEOUT_MS = 15_000;

/**
 * Carries what an object owes to targets outside it. An attempt starts when the commit that stored it
 * is durable, and its outcome comes back in a turn of the object. During an attempt a timer keeps the
 * object in memory, at most for the time-out; attempts of an evicted object never settle.
 */
export class HostedCourier implements Courier {
  readonly #carry: Carry;
  readonly #timer: Timer;
  readonly #timeoutMs: number;
  #waiting: Attempt[] = [];
  readonly #underWay = new Set<Attempt>();

  constructor(carry: Carry, timer: Timer, timeoutMs = CARRY_TIMEOUT_MS) {
    this.#carry = carry;
    this.#timer = timer;
    this.#timeoutMs = timeoutMs;
  }

  /** Takes one attempt for all deliveries given; `settle` is called once, in a later turn. Never throws. */
  send(target: string, deliveries: readonly Delivery[], settle: Settle): void {
    this.#waiting.push({ target, deliveries, settle });
  }

  /** Starts the attempts that were taken. Call it when everything decided is durable. */
  start(): void {
    for (const attempt of this.#waiting.splice(0)) void this.#attempt(attempt);
  }

  /** Drops attempts that wait or are under way, because the object is gone. */
  forget(): void {
    this.#waiting = [];
    this.#underWay.clear();
  }

  async #attempt(attempt: Attempt): Promise<void> {
    const { target, deliveries } = attempt;
    this.#underWay.add(attempt);
    const stop = this.#timer.after(this.#timeoutMs, () => this.#settle(attempt, []));
    const outcomes = await this.#outcomes(target, deliveries);
    if (!this.#underWay.has(attempt)) return;
    stop();
    this.#timer.after(0, () => this.#settle(attempt, outcomes));
  }

  async #outcomes(
    target: string,
    deliveries: readonly Delivery[],
  ): Promise<readonly DeliveryOutcome[]> {
    try {
      return await this.#carry(target, deliveries);
    } catch {
      return [];
    }
  }

  /** A missing outcome counts as `failed`. */
  #settle(attempt: Attempt, outcomes: readonly DeliveryOutcome[]): void {
    if (!this.#underWay.delete(attempt)) return;
    attempt.settle(attempt.deliveries.map((_, at) => outcomes[at] ?? 'failed'));
  }
}
