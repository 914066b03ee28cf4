import type { WebSocket } from 'ws';
import { inboundLimiter, weightOf } from '../src/admission/inbound-limiter.ts';
import { MAX_PAUSE_MS, MIN_PAUSE_MS } from '../src/admission/policies.ts';
import type { Limits } from '../src/protocol/codes/limits.ts';
import { costFor, type Identity } from '../src/protocol/identity.ts';

/** Takes a frame, as `ws` hands it over. */
export type FrameListener = (data: Buffer, isBinary: boolean) => void;

/** A long frame counts as one command, because this host can stop reading before the next one. */
const ANY_LENGTH = { messageBytes: Infinity };

/**
 * Pauses a socket that sends faster than any user may, so that its frames wait in its own network
 * buffers, heartbeats too; all of them are answered in the end.
 */
export function throttleReading(
  client: WebSocket,
  payer: () => Pick<Identity, 'bot'>,
  limits: Limits,
  takes: readonly FrameListener[],
): void {
  const limiter = inboundLimiter(limits, Date.now());
  /** Frames that `ws` had read before it was paused. */
  let waiting: { data: Buffer; isBinary: boolean }[] = [];
  let timer: NodeJS.Timeout | undefined;

  const receive = (data: Buffer, isBinary: boolean) => {
    if (timer !== undefined) {
      waiting.push({ data, isBinary });
      return;
    }
    const aheadMs = limiter.take(Date.now(), costFor(payer(), weightOf(data, ANY_LENGTH)));
    for (const take of takes) take.call(client, data, isBinary);
    if (aheadMs === 0) return;
    client.pause();
    timer = setTimeout(resume, Math.min(Math.max(aheadMs, MIN_PAUSE_MS), MAX_PAUSE_MS));
  };
  const resume = () => {
    timer = undefined;
    const due = waiting;
    waiting = [];
    for (const { data, isBinary } of due) receive(data, isBinary);
    if (timer === undefined) client.resume();
  };
  client.on('message', receive);
  client.once('close', () => {
    clearTimeout(timer);
    waiting = [];
  });
}
