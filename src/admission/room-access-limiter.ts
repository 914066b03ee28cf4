import { Refusal } from '../protocol/codes/errors.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import { costFor, type Identity } from '../protocol/identity.ts';
import { type Rate, TokenBucket } from '../protocol/token-bucket.ts';
import { ExpiringMap } from './expiring-map.ts';
import { IDLE_MS, MAX_SPREAD_MS, newRoomCost, newRoomRate, spreadRate } from './policies.ts';

/** The counts of one user. */
interface Visitor {
  readonly spread: TokenBucket;
  readonly newRooms: TokenBucket;
  /** The rooms used lately, the latest last. */
  readonly rooms: Set<string>;
}

let limiter: RoomAccessLimiter | undefined;

/** The limiter of this isolate. */
export function roomAccessLimiterOf(limits: Limits): RoomAccessLimiter {
  limiter ??= new RoomAccessLimiter(limits);
  return limiter;
}

/**
 * Spreads users' requests to rooms over time, and limits them before an object is woken. A socket asks
 * once, to join; HTTP with each request. Isolates share no memory: each counts the requests it
 * receives.
 */
export class RoomAccessLimiter {
  readonly #spread: Rate;
  readonly #newRooms: Rate;
  readonly #newRoomCost: number;
  /** Counts, by user id. */
  readonly #visitors = new ExpiringMap<Visitor>(IDLE_MS);

  constructor(limits: Limits) {
    this.#spread = spreadRate(limits);
    this.#newRooms = newRoomRate(limits);
    this.#newRoomCost = newRoomCost(limits);
  }

  /** Waits until a user may send a request to a room. @throws Refusal `rate_limited` */
  async acquire(identity: Identity, roomId: string): Promise<void> {
    if (identity.admin === true) return;
    const waitMs = this.waitMs(identity, roomId, Date.now());
    if (waitMs <= 0) return;
    await new Promise((resolve) => {
      setTimeout(resolve, waitMs);
    });
  }

  /**
   * @param now epoch milliseconds
   * @returns how long to wait, in milliseconds
   * @throws Refusal `rate_limited`, with the time until it may be tried again
   */
  waitMs(identity: Pick<Identity, 'userId' | 'bot'>, roomId: string, now: number): number {
    const visitor = this.#visitors.getOrAdd(identity.userId, now, () => this.#newVisitor(now));
    const isNew = !visitor.rooms.has(roomId);
    if (isNew) assertDue(visitor.newRooms.take(now));
    const waitMs = visitor.spread.take(now, costFor(identity));
    assertDue(waitMs - MAX_SPREAD_MS);
    if (isNew) visitor.spread.take(now, this.#newRoomCost - 1);
    this.#remember(visitor, roomId);
    return waitMs;
  }

  /** Remembers the room; at most as many rooms as may be new at once. */
  #remember({ rooms }: Visitor, roomId: string): void {
    rooms.delete(roomId);
    rooms.add(roomId);
    const [oldest] = rooms;
    if (rooms.size > this.#newRooms.burst && oldest !== undefined) rooms.delete(oldest);
  }

  #newVisitor(now: number): Visitor {
    return {
      spread: new TokenBucket(this.#spread, now),
      newRooms: new TokenBucket(this.#newRooms, now),
      rooms: new Set(),
    };
  }
}

/** @throws Refusal `rate_limited` unless `inMs` is 0 or below */
function assertDue(inMs: number): void {
  if (inMs <= 0) return;
  throw new Refusal('rate_limited', 'Too fast; wait a moment and try again.', {
    retryAfterMs: inMs,
  });
}
