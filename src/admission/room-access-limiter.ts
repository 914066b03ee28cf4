import { evictExpired } from './evict-expired.ts';
import { inAllRooms } from './inbound-limiter.ts';
import { Refusal } from '../protocol/codes/errors.ts';
import type { Identity } from '../protocol/identity.ts';
import { fixed, type Limits } from '../protocol/codes/limits.ts';

/** So much a user may ask for at once before it is spread over time. */
const AT_ONCE = 5;

/** From then on this lies between any two things asked for, in milliseconds: most is left to others. */
const ASK_MS = 10;

/** The same for a room that its user has not been to: its object has to be made, or woken. */
const NEW_ROOM_MS = 20;

/** Who would have to wait for longer is refused, in milliseconds. */
const LONGEST_MS = 5_000;

/** Whoever has asked for nothing for so long is forgotten, in milliseconds. */
const FORGOTTEN_MS = 60_000;

interface Visitor {
  usedAt: number;
  /** When the next thing asked for is due, and when the next new room would be, at an even pace. */
  turnAt: number;
  newRoomAt: number;
  /** Where they have been lately; the latest stands last. */
  rooms: Set<string>;
}

let limiter: RoomAccessLimiter | undefined;

/** Those of this isolate. */
export function roomAccessLimiterOf(limits: Limits): RoomAccessLimiter {
  limiter ??= new RoomAccessLimiter(limits);
  return limiter;
}

/**
 * What users ask of rooms, spread over time and bounded before an object is woken for it. A socket asks
 * once, to join; a request over HTTP each time. Isolates share no memory: each counts what comes to it.
 */
export class RoomAccessLimiter {
  readonly #askMs: number;
  readonly #newRoomEveryMs: number;
  readonly #roomsAtOnce: number;
  /** By user id; who has asked last stands last. */
  readonly #visitors = new Map<string, Visitor>();

  constructor(limits: Limits) {
    const perSecond = inAllRooms(limits).commandsPerSecond;
    this.#askMs = Math.min(ASK_MS, 1_000 / perSecond);
    this.#newRoomEveryMs = (1_000 / perSecond) * (fixed.costs['joinRoom'] ?? 1);
    // Whoever comes back to as many rooms as a socket may be in finds their way, with a second device, too.
    this.#roomsAtOnce = limits.roomsPerSocket * 2;
  }

  /** Waits for the turn of somebody who wants something of a room. @throws Refusal `rate_limited` */
  async acquire({ userId, admin }: Identity, roomId: string): Promise<void> {
    if (admin === true) return;
    const waitMs = this.waitMs(userId, roomId, Date.now());
    if (waitMs <= 0) return;
    await new Promise((resolve) => {
      setTimeout(resolve, waitMs);
    });
  }

  /**
   * @param now epoch milliseconds
   * @returns how long until it is due, in milliseconds
   * @throws Refusal `rate_limited`, with the time until it may be asked for
   */
  waitMs(userId: string, roomId: string, now: number): number {
    const visitor = this.#visitor(userId, now);
    const isNew = !visitor.rooms.has(roomId);
    const turnAt = Math.max(visitor.turnAt, now - (AT_ONCE - 1) * this.#askMs);
    assertDue(turnAt - now - LONGEST_MS);
    if (isNew) this.#enterNew(visitor, now);
    visitor.turnAt = turnAt + (isNew ? Math.max(NEW_ROOM_MS, this.#askMs) : this.#askMs);
    visitor.rooms.delete(roomId);
    visitor.rooms.add(roomId);
    return Math.max(0, turnAt - now);
  }

  #enterNew(visitor: Visitor, now: number): void {
    const savedMs = (this.#roomsAtOnce - 1) * this.#newRoomEveryMs;
    const dueAt = Math.max(visitor.newRoomAt, now - savedMs);
    assertDue(dueAt - now);
    visitor.newRoomAt = dueAt + this.#newRoomEveryMs;
    const [oldest] = visitor.rooms;
    if (visitor.rooms.size >= this.#roomsAtOnce && oldest !== undefined) {
      visitor.rooms.delete(oldest);
    }
  }

  #visitor(userId: string, now: number): Visitor {
    const known = this.#visitors.get(userId);
    // A clock that has gone back must not hold anybody up.
    const isKnown = known !== undefined && known.usedAt - now <= LONGEST_MS;
    const visitor = isKnown ? known : newVisitor(now);
    visitor.usedAt = now;
    this.#visitors.delete(userId);
    this.#visitors.set(userId, visitor);
    evictExpired(this.#visitors, ({ usedAt }) => usedAt <= now - FORGOTTEN_MS);
    return visitor;
  }
}

function newVisitor(usedAt: number): Visitor {
  return { usedAt, turnAt: -Infinity, newRoomAt: -Infinity, rooms: new Set() };
}

/** @throws Refusal `rate_limited` for what is not due for a while, in milliseconds */
function assertDue(inMs: number): void {
  if (inMs <= 0) return;
  throw new Refusal('rate_limited', 'Too fast; wait a moment and try again.', {
    retryAfterMs: Math.ceil(inMs),
  });
}
