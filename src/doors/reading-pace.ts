import type { Limits } from '../protocol/limits.ts';

/** How much faster than a user may act in a room a socket is read: it may be in several rooms. */
const TIMES = 2;

/** A host that cannot stop reading sends away who is so far ahead, in milliseconds. */
const FAR_AHEAD_MS = 10_000;

/**
 * Tells when a socket sends faster than anybody may act, whatever it is that it sends. Rate limits
 * answer every command, which takes time too; this keeps one who sends without end from taking the
 * time of all others.
 */
export class ReadingPace {
  readonly #perMs: number;
  readonly #most: number;
  #left: number;
  #at: number;

  /** @param now epoch milliseconds */
  constructor({ commandsPerSecond, commandBurst }: Limits, now: number) {
    this.#perMs = (commandsPerSecond * TIMES) / 1_000;
    this.#most = commandBurst * TIMES;
    this.#left = this.#most;
    this.#at = now;
  }

  /** So many commands have come. @returns how long the socket is ahead of its time, in milliseconds */
  aheadMs(now: number, commands = 1): number {
    const gained = Math.max(0, now - this.#at) * this.#perMs;
    this.#left = Math.min(this.#most, this.#left + gained) - commands;
    this.#at = now;
    return this.#left >= 0 ? 0 : Math.ceil(-this.#left / this.#perMs);
  }

  /** The same, for a host that cannot stop reading. @returns whether to send the socket away */
  isFarAhead(now: number, commands = 1): boolean {
    return this.aheadMs(now, commands) > FAR_AHEAD_MS;
  }
}

/** How many commands a native frame may hold at the most: one a line, and JSON has no raw newline. */
export function commandsIn(frame: Pick<string, 'indexOf'>): number {
  let count = 1;
  for (let at = frame.indexOf('\n'); at >= 0; at = frame.indexOf('\n', at + 1)) count++;
  return count;
}
