import type { Limits } from '../protocol/codes/limits.ts';
import { TokenBucket } from '../protocol/token-bucket.ts';
import { inboundRate, MAX_AHEAD_MS } from './policies.ts';

/**
 * Tells how far ahead a socket is of what anybody may send, whatever it is that it sends. Rate limits
 * answer every command, which takes time too; this keeps a client that sends without end from taking
 * the time of all others. `take` goes into debt: its answer is how far ahead the socket is.
 */
export class InboundLimiter extends TokenBucket {
  /** @param now epoch milliseconds */
  constructor(limits: Limits, now: number) {
    super(inboundRate(limits), now);
  }

  /** Takes `commands` on a host that cannot stop reading. @returns whether to close the socket */
  isOverdrawn(now: number, commands = 1): boolean {
    return this.take(now, commands) > MAX_AHEAD_MS;
  }
}

/**
 * How many commands a frame counts as on a host that has read all of it when it first sees it: one for
 * each line, or, where that is more, for each part as long as a message may be.
 */
export function weightOf(frame: string | ArrayBuffer, { messageBytes }: Limits): number {
  return typeof frame === 'string'
    ? commandsIn(frame, messageBytes)
    : Math.max(1, Math.floor(frame.byteLength / messageBytes));
}

/**
 * How many commands a native frame may hold at the most: one a line, as JSON has no raw newline.
 * @param maxLength what one command may be long; a longer frame counts as several
 */
export function commandsIn(
  frame: Pick<string, 'indexOf' | 'length'>,
  maxLength = Infinity,
): number {
  let lines = 1;
  for (let at = frame.indexOf('\n'); at >= 0; at = frame.indexOf('\n', at + 1)) lines++;
  return Math.max(lines, Math.floor(frame.length / maxLength));
}
