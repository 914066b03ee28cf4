import type { Limits } from '../protocol/codes/limits.ts';

/** How much more than a user may do in a room they may do in all: they may be in several. */
const TIMES = 2;

/** A host that cannot stop reading sends away who is so far ahead, in milliseconds. */
const FAR_AHEAD_MS = 10_000;

/** What a user may do in all rooms together, at one process or isolate. */
export function inAllRooms(limits: Limits): Limits {
  const { commandsPerSecond, commandBurst } = limits;
  return {
    ...limits,
    commandsPerSecond: commandsPerSecond * TIMES,
    commandBurst: commandBurst * TIMES,
  };
}

/**
 * Tells when a socket sends faster than anybody may act, whatever it is that it sends. Rate limits
 * answer every command, which takes time too; this keeps one who sends without end from taking the
 * time of all others.
 */
export class InboundLimiter {
  readonly #perMs: number;
  readonly #most: number;
  #left: number;
  #at: number;

  /** @param now epoch milliseconds */
  constructor(limits: Limits, now: number) {
    const { commandsPerSecond, commandBurst } = inAllRooms(limits);
    this.#perMs = commandsPerSecond / 1_000;
    this.#most = commandBurst;
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
  isOverdrawn(now: number, commands = 1): boolean {
    return this.aheadMs(now, commands) > FAR_AHEAD_MS;
  }
}

/**
 * How many commands a frame stands for on a host that has read all of it when it first sees it: one for
 * each line, or, where that is more, for each part as long as a message may be.
 */
export function weightOf(frame: string | ArrayBuffer, { messageBytes }: Limits): number {
  const [commands, length] =
    typeof frame === 'string' ? [commandsIn(frame), frame.length] : [1, frame.byteLength];
  return Math.max(commands, Math.floor(length / messageBytes));
}

/** How many commands a native frame may hold at the most: one a line, and JSON has no raw newline. */
export function commandsIn(frame: Pick<string, 'indexOf'>): number {
  let count = 1;
  for (let at = frame.indexOf('\n'); at >= 0; at = frame.indexOf('\n', at + 1)) count++;
  return count;
}
