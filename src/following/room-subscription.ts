import { closeCodeOf } from '../protocol/codes/close-codes.ts';
import type { Reply } from '../protocol/commands.ts';
import { errorCodes, internalProblem, Refusal } from '../protocol/codes/errors.ts';
import { joinReplyIn } from '../protocol/frames.ts';
import { parsePosition } from '../protocol/position.ts';
import type { LinkListener, RoomLink } from '../host/room-directory.ts';
import { refusalOf } from '../transports/http/refusals.ts';
import { missedLines, type Reader } from '../transports/http/reader.ts';

/** Where a feed's events go. */
export interface SubscriptionSink {
  /**
   * Events in order, as lines.
   * @param position where the room stands behind the last one that is durable
   */
  lines(lines: readonly string[], position: string | undefined): void;
  /** Everything up to `position` has been told; what is live follows. */
  standsAt(position: string): void;
  /** The position that was come back with is not this room's: what the client has is void. */
  reset(position: string): void;
  /** Nothing comes any more. */
  ended(code: number, reason: string): void;
  /** Bytes that wait unsent. */
  buffered(): number;
  /** Resolves when nothing waits unsent, or nobody is there to take it. */
  drained(): Promise<void>;
}

/** How often a room that cannot answer is asked again, and after how long, in milliseconds. */
const MAX_TRIES = 15;
const AGAIN_MS = 1_000;

/**
 * A room's events from a position on: first what was missed, page by page, then what happens. No
 * hole and no double between the two, because joining and listening are one step: a link whose join
 * could not hold all that was missed is let go, and another is made where the pages end.
 */
export class RoomSubscription {
  readonly #reader: Reader;
  readonly #sink: SubscriptionSink;
  #link: RoomLink | undefined;
  #isOver = false;

  constructor(reader: Reader, sink: SubscriptionSink) {
    this.#reader = reader;
    this.#sink = sink;
  }

  /**
   * @param since what the client came back with; without it, only what happens from now on is told
   * @throws Refusal when the room does not take the reader
   */
  async open(since: string | undefined): Promise<void> {
    await this.#connect(since, since === undefined ? 0 : (parsePosition(since)?.rev ?? 0));
  }

  /** Nobody reads any more; the sink hears nothing more. */
  close(): void {
    this.#isOver = true;
    this.#link?.close('left');
  }

  /** @param knownTo what the client has come back with: messages above it are new to it */
  async #connect(since: string | undefined, knownTo: number): Promise<void> {
    const attempt = { stands: 'joining' as 'joining' | 'live' | 'behind' };
    const listener: LinkListener = {
      lines: (lines, position) => {
        if (this.#isOver) return;
        let rest = lines;
        if (attempt.stands === 'joining') {
          const [first = '', ...others] = lines;
          attempt.stands = this.#joined(joinReplyIn(first), knownTo);
          rest = others;
        }
        if (attempt.stands === 'live' && rest.length > 0) this.#sink.lines(rest, position);
      },
      closed: (code, reason) => {
        if (attempt.stands !== 'behind') this.#end(code, reason);
      },
      buffered: () => this.#sink.buffered(),
    };
    const { directory, roomId, identity } = this.#reader;
    const join = since === undefined ? {} : { since };
    const link = await directory.connect(roomId, identity, join, listener, true);
    if (this.#isOver || attempt.stands === 'behind') link.close('left');
    else this.#link = link;
  }

  #joined(reply: Reply<'joinRoom'>, knownTo: number): 'live' | 'behind' {
    const { position, missed = [], complete, reset } = reply;
    if (missed.length > 0) this.#sink.lines(missedLines(missed, knownTo), position);
    if (complete === false) {
      this.#link?.close('left');
      this.#link = undefined;
      void this.#catchUp(position, knownTo);
      return 'behind';
    }
    if (reset === true) this.#sink.reset(position);
    else this.#sink.standsAt(position);
    return 'live';
  }

  /** Pages on, no faster than the client reads, then goes live. Never rejects. */
  async #catchUp(from: string, knownTo: number): Promise<void> {
    try {
      let after = from;
      for (let complete = false; !complete;) {
        await this.#sink.drained();
        if (this.#isOver) return;
        const page = await this.#page(after);
        if (this.#isOver) return;
        if (page.reset === true) break;
        this.#sink.lines(missedLines(page.messages, knownTo), page.position);
        ({ position: after, complete } = page);
      }
      await this.#connect(after, knownTo);
    } catch (error) {
      const { code, message, retryAfterMs } =
        error instanceof Refusal ? error.problem : internalProblem;
      this.#end(closeCodeOf(code, retryAfterMs), message);
    }
  }

  /** @throws Refusal what the room goes on to say */
  async #page(after: string): Promise<Reply<'getMissed'>> {
    const { directory, roomId, identity } = this.#reader;
    for (let tries = 1; ; tries++) {
      const result = await directory.execute(roomId, identity, 'getMissed', { after });
      if (result.ok) return result;
      const { code, retryAfterMs = AGAIN_MS } = result.error;
      if (!errorCodes[code].temporary || tries === MAX_TRIES) throw refusalOf(result.error);
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
      if (this.#isOver) throw refusalOf(result.error);
    }
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sink.ended(code, reason);
  }
}
