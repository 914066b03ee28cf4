import { closeCodes, closeReasons } from '../../protocol/codes/close-codes.ts';
import { eventNames } from '../../protocol/events.ts';
import { fixed, type Limits } from '../../protocol/codes/limits.ts';
import { eventLine, eventName, jsonLine, payloadText, revOf } from '../../protocol/frames.ts';
import { formatPosition, parsePosition } from '../../protocol/position.ts';
import { memoizeByIdentity } from '../../following/memoize-by-identity.ts';
import type { Source, Subscription, SubscriptionSink } from '../../following/room-subscription.ts';
import { HEARTBEAT_MS, closedLine } from './reader.ts';
import type { StreamBody } from './stream-body.ts';

/**
 * A room as a stream of server-sent events (HTML standard, section 9.2). An event's name is its
 * `event`, its payload its `data`; durable ones carry their position as `id`, so that a client that
 * sends the last one back as `Last-Event-ID` continues after it.
 * @throws Refusal when the room refuses the reader
 */
export async function eventStream(
  reader: Source,
  since: string | undefined,
  limits: Pick<Limits, 'unsentBytes'>,
  body: StreamBody,
): Promise<Response> {
  const stream = new EventStream(reader, limits, body);
  await stream.open(since);
  body.onClosed(() => stream.stop());
  return body.answer({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Proxies that buffer answers would hold events back.
    'x-accel-buffering': 'no',
  });
}

class EventStream implements SubscriptionSink {
  readonly #reader: Source;
  readonly #limits: Pick<Limits, 'unsentBytes'>;
  readonly #body: StreamBody;
  readonly #subscription: Subscription;
  #isEnding = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(reader: Source, limits: Pick<Limits, 'unsentBytes'>, body: StreamBody) {
    this.#reader = reader;
    this.#limits = limits;
    this.#body = body;
    this.#subscription = reader.subscribe(this);
  }

  async open(since: string | undefined): Promise<void> {
    await this.#subscription.open(since);
    this.#beat();
  }

  /** The client is gone. */
  stop(): void {
    this.#subscription.close();
    this.#end();
  }

  lines(lines: readonly string[], position: string | undefined): void {
    if (this.#isEnding) return;
    if (this.#body.unsentBytes > this.#limits.unsentBytes) {
      this.#subscription.close();
      this.ended(closeCodes.tooSlow, closeReasons[closeCodes.tooSlow]);
      return;
    }
    this.#body.write(eventBytes(lines, position));
  }

  caughtUp(position: string): void {
    // An id without data is remembered by clients, and dispatches no event.
    this.#send(`id: ${position}\n\n`);
  }

  reset(position: string): void {
    const line = eventLine('reset', {
      ...(this.#reader.roomId !== undefined && { roomId: this.#reader.roomId }),
      position,
    });
    this.#send(eventText(line, position));
  }

  ended(code: number, reason: string): void {
    if (code === closeCodes.tooSlow) this.#body.drop();
    this.#send(eventText(closedLine(this.#reader.roomId, code, reason), undefined));
    this.#end();
  }

  buffered(): number {
    return this.#body.unsentBytes;
  }

  drained(): Promise<void> {
    return this.#body.drained();
  }

  #send(text: string): void {
    if (!this.#isEnding) this.#body.write(encoder.encode(text));
  }

  /** Ends the stream after everything that is still unsent. */
  #end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#body.end();
  }

  /** Sends heartbeats, and ends the stream when the token expires, which a sleeping room does not notice. */
  #beat(): void {
    if (this.#isEnding) return;
    const { expiresAt = Infinity } = this.#reader.identity;
    const left = expiresAt + fixed.clockToleranceMs - Date.now();
    if (left <= 0) {
      this.#subscription.close();
      this.ended(closeCodes.tokenExpired, closeReasons[closeCodes.tokenExpired]);
      return;
    }
    this.#timer = setTimeout(
      () => {
        if (this.#body.unsentBytes === 0) this.#body.write(BEAT);
        this.#beat();
      },
      Math.min(HEARTBEAT_MS, left + 1),
    );
  }
}

const encoder = new TextEncoder();
const BEAT = encoder.encode(': hb\n\n');

/** Lines of a room as events, encoded once for all streams that are given the same list. */
const eventBytes = memoizeByIdentity(
  (lines: readonly string[], position: string | undefined): Uint8Array => {
    // A list with a durable event comes with a position.
    const epoch = position === undefined ? undefined : parsePosition(position)?.epoch;
    return encoder.encode(lines.map((line) => eventText(line, idOf(line, epoch))).join(''));
  },
);

/** The position to continue from after an event; undefined for an ephemeral event. */
function idOf(line: string, epoch: string | undefined): string | undefined {
  const rev = epoch === undefined ? undefined : revOf(line);
  return epoch === undefined || rev === undefined ? undefined : formatPosition({ epoch, rev });
}

/** One line as an event; its payload is one line of data. */
function eventText(line: string, id: string | undefined): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${eventName(line)}\ndata: ${dataOf(line)}\n\n`;
}

const ofProtocol: ReadonlySet<string> = new Set(eventNames);

/** The payload of an event; for a signal with several arguments, the list of them. */
function dataOf(line: string): string {
  if (ofProtocol.has(eventName(line))) return payloadText(line);
  const [, ...args] = JSON.parse(line) as unknown[];
  return jsonLine(args.length === 1 ? args[0] : args);
}
