import { closeCodes } from '../../protocol/codes/close-codes.ts';
import type { Reply } from '../../protocol/commands.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import { joinReplyIn } from '../../protocol/frames.ts';
import { parsePosition } from '../../protocol/position.ts';
import type { LinkListener } from '../../host/room-directory.ts';
import { EventIdTracker } from '../../following/event-id-tracker.ts';
import { closedLine, missedLines, POLL_MS, type Reader } from './reader.ts';

/** What a poll has found; `lines` are events. */
interface Found {
  position: string;
  lines: readonly string[];
  reset?: true;
}

/**
 * One look at a room: what was missed since a position, at once; when that is nothing, the first
 * that happens within 25 s. Without a position, only where the room stands.
 * @throws Refusal when the room does not take the reader, or the token ends meanwhile
 */
export async function longPoll(
  reader: Reader,
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
  { directory, roomId, identity }: Reader,
  since: string | undefined,
  signal: AbortSignal,
): Promise<Found> {
  const { promise, resolve } = Promise.withResolvers<Found | 'expired'>();
  const place = new EventIdTracker();
  let position: string | undefined;
  const standing = (): string => position ?? since ?? '0:0';
  const listener: LinkListener = {
    lines: (lines, at) => {
      let happened = lines;
      if (at !== undefined) place.isIn(at);
      if (position === undefined) {
        const [first = '', ...others] = lines;
        const joined = joinReplyIn(first);
        position = joined.position;
        place.isIn(position);
        happened = others;
        const found = foundAtOnce(joined, since);
        if (found !== undefined) resolve(found);
      }
      // A promise keeps its first value: what comes later is for the next poll.
      if (happened.length === 0) return;
      const behind = happened
        .map((line) => place.behind(line))
        .findLast((one) => one !== undefined);
      resolve({ position: behind ?? position, lines: happened });
    },
    closed: (code, reason) => {
      if (code === closeCodes.tokenExpired) resolve('expired');
      else resolve({ position: standing(), lines: [closedLine(roomId, code, reason)] });
    },
    buffered: () => 0,
  };
  const join = since === undefined ? {} : { since };
  const link = await directory.connect(roomId, identity, join, listener, true);
  const { expiresAt = Infinity } = identity;
  const left = expiresAt + fixed.clockToleranceMs - Date.now();
  const stop = () => resolve({ position: standing(), lines: [] });
  const timer = setTimeout(
    () => (left < POLL_MS ? resolve('expired') : stop()),
    Math.min(POLL_MS, left + 1),
  );
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    const found = await promise;
    if (found !== 'expired') return found;
    throw new Refusal('token_expired', 'The token has expired; get a new one.');
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    link.close('left');
  }
}

function foundAtOnce(
  { position, missed = [], reset }: Reply<'joinRoom'>,
  since: string | undefined,
): Found | undefined {
  if (since === undefined) return { position, lines: [] };
  if (reset === true) return { position, lines: [], reset };
  if (missed.length === 0) return undefined;
  return { position, lines: missedLines(missed, parsePosition(since)?.rev ?? 0) };
}
