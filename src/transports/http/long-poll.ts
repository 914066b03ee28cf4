import { closeCodes } from '../../protocol/codes/close-codes.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Source, SubscriptionSink } from '../../following/room-subscription.ts';
import { closedLine, POLL_MS } from './reader.ts';

/** What a poll has found; `lines` are events. */
interface Found {
  position: string;
  lines: readonly string[];
  reset?: true;
}

/**
 * Answers one long poll: at once with what was missed since a position; if that is nothing, with the
 * first events within 25 s. Without a position, only with the room's current position.
 * @throws Refusal when the room refuses the reader, or the token expires while waiting
 */
export async function longPoll(
  reader: Source,
  since: string | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const { position, lines, reset } = await look(reader, since, signal);
  const more = reset === true ? ',"reset":true' : '';
  return new Response(`{"position":"${position}","events":[${lines.join(',')}]${more}}`, {
    headers: { 'content-type': 'application/json' },
  });
}

async function look(
  reader: Source,
  since: string | undefined,
  signal: AbortSignal,
): Promise<Found> {
  const poll = new Poll(reader.roomId, since);
  const subscription = reader.subscribe(poll);
  await subscription.open(since);
  const { expiresAt = Infinity } = reader.identity;
  const left = expiresAt + fixed.clockToleranceMs - Date.now();
  const timer = setTimeout(
    () => (left < POLL_MS ? poll.expire() : poll.stop()),
    Math.min(POLL_MS, left + 1),
  );
  const stop = () => poll.stop();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    const found = await poll.found;
    if (found !== 'expired') return found;
    throw new Refusal('token_expired', 'The token has expired; get a new one.');
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    subscription.close();
  }
}

/** Takes the first thing that a subscription delivers; what comes later is for the next poll. */
class Poll implements SubscriptionSink {
  readonly #roomId: string | undefined;
  readonly #isFirst: boolean;
  readonly #found = Promise.withResolvers<Found | 'expired'>();
  #position: string;

  constructor(roomId: string | undefined, since: string | undefined) {
    this.#roomId = roomId;
    this.#isFirst = since === undefined;
    this.#position = since ?? '0:0';
  }

  get found(): Promise<Found | 'expired'> {
    return this.#found.promise;
  }

  lines(lines: readonly string[], position = this.#position): void {
    this.#found.resolve({ position, lines });
  }

  caughtUp(position: string): void {
    this.#position = position;
    if (this.#isFirst) this.stop();
  }

  reset(position: string): void {
    this.#found.resolve({ position, lines: [], reset: true });
  }

  ended(code: number, reason: string): void {
    if (code === closeCodes.tokenExpired) this.expire();
    else this.lines([closedLine(this.#roomId, code, reason)]);
  }

  /** Answers that nothing has happened. */
  stop(): void {
    this.lines([]);
  }

  expire(): void {
    this.#found.resolve('expired');
  }

  buffered(): number {
    return 0;
  }

  /** Never resolves, so that no further page is fetched: the poll has found its answer. */
  drained(): Promise<void> {
    return new Promise(() => undefined);
  }
}
