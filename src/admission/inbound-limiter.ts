import type { Limits } from '../protocol/codes/limits.ts';
import { TokenBucket } from '../protocol/token-bucket.ts';
import { inboundRate } from './policies.ts';

/**
 * Measures how far a socket, or a user, is ahead of what a user may send, whatever they send. Rate
 * limits answer every command, which takes time too; this keeps a client that sends without end from
 * taking everyone's time. Its `take` always takes, and returns how far ahead they are now, in
 * milliseconds.
 * @param now epoch milliseconds
 */
export function inboundLimiter(limits: Limits, now: number): TokenBucket {
  return new TokenBucket(inboundRate(limits), now);
}

/** Text in a native frame, as a string or as bytes. */
type Text = Pick<string, 'indexOf' | 'length'>;

/**
 * How many commands a frame counts as: one for each line, because JSON has no raw newline, or, if that
 * is more, one for each `messageBytes` of its length.
 */
export function weightOf(
  frame: Text | ArrayBuffer,
  { messageBytes }: Pick<Limits, 'messageBytes'>,
): number {
  if (frame instanceof ArrayBuffer) return Math.max(1, Math.floor(frame.byteLength / messageBytes));
  let lines = 1;
  for (let at = frame.indexOf('\n'); at >= 0; at = frame.indexOf('\n', at + 1)) lines++;
  return Math.max(lines, Math.floor(frame.length / messageBytes));
}
