import { closeCodes, closeReasons } from '../../protocol/codes/close-codes.ts';
import { fixed, type Limits } from '../../protocol/codes/limits.ts';
import { eventLine, eventName, payloadText } from '../../protocol/frames.ts';
import type { Source, Subscription, SubscriptionSink } from '../../following/room-subscription.ts';
import { EventIdTracker } from '../../following/event-id-tracker.ts';
import { BEAT_MS, closedLine } from './reader.ts';

/**
 * A room as a stream of server-sent events (HTML standard, section 9.2). An event's name is its
 * `event`, its payload its `data`; durable ones carry their position as `id`, so that a client that
 * sends the last one back as `Last-Event-ID` goes on behind it.
 * @throws Refusal when the room does not take the reader
 */
export async function eventStream(
  reader: Source,
  since: string | undefined,
  limits: Pick<Limits, 'unsentBytes'>,
  signal: AbortSignal,
): Promise<Response> {
  const stream = new EventStream(reader, limits);
  await stream.open(since);
  signal.addEventListener('abort', () => stream.stop());
  if (signal.aborted) stream.stop();
  return new Response(stream.body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies that gather what they pass on would hold events back.
      'x-accel-buffering': 'no',
    },
  });
}

class EventStream implements SubscriptionSink {
  readonly body: ReadableStream<Uint8Array>;
  readonly #reader: Source;
  readonly #limits: Pick<Limits, 'unsentBytes'>;
  readonly #subscription: Subscription;
  readonly #encoder = new TextEncoder();
  readonly #ids = new EventIdTracker();
  #unsent: string[] = [];
  #unsentLength = 0;
  /** Lets the reader's end go on, which waits for something to send. */
  #wake: (() => void) | undefined;
  #onDrained: (() => void)[] = [];
  #isEnding = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(reader: Source, limits: Pick<Limits, 'unsentBytes'>) {
    this.#reader = reader;
    this.#limits = limits;
    this.#subscription = reader.subscribe(this);
    // Nothing is handed on before it is asked for, so what waits is known here.
    this.body = new ReadableStream<Uint8Array>(
      { pull: (controller) => this.#pull(controller), cancel: () => this.stop() },
      { highWaterMark: 0 },
    );
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
    if (this.#unsentLength > this.#limits.unsentBytes) {
      this.#subscription.close();
      this.ended(closeCodes.tooSlow, closeReasons[closeCodes.tooSlow]);
      return;
    }
    if (position !== undefined) this.#ids.isIn(position);
    this.#send(lines.map((line) => eventText(line, this.#ids.behind(line))).join(''));
  }

  standsAt(position: string): void {
    this.#ids.isIn(position);
    // An id without data is remembered by clients and shown to nobody.
    this.#send(`id: ${position}\n\n`);
  }

  reset(position: string): void {
    this.#ids.isIn(position);
    const line = eventLine('reset', {
      ...(this.#reader.roomId !== undefined && { roomId: this.#reader.roomId }),
      position,
    });
    this.#send(eventText(line, position));
  }

  ended(code: number, reason: string): void {
    if (code === closeCodes.tooSlow) this.#drop();
    this.#send(eventText(closedLine(this.#reader.roomId, code, reason), undefined));
    this.#end();
  }

  buffered(): number {
    return this.#unsentLength;
  }

  drained(): Promise<void> {
    if (this.#unsentLength === 0 || this.#isEnding) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  #send(text: string): void {
    if (this.#isEnding) return;
    this.#unsent.push(text);
    this.#unsentLength += text.length;
    this.#wake?.();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#unsentLength === 0 && !this.#isEnding) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    if (this.#unsentLength > 0) {
      const bytes = this.#encoder.encode(this.#unsent.join(''));
      this.#drop();
      controller.enqueue(bytes);
    }
    for (const resolve of this.#onDrained.splice(0)) resolve();
    if (this.#isEnding) controller.close();
  }

  #drop(): void {
    this.#unsent = [];
    this.#unsentLength = 0;
  }

  /** What is unsent goes out, then the stream ends. */
  #end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    for (const resolve of this.#onDrained.splice(0)) resolve();
    this.#wake?.();
  }

  /** Tells that the stream lives, and ends it with the token: the room sleeps and does not notice. */
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
        if (this.#unsentLength === 0) this.#send(': hb\n\n');
        this.#beat();
      },
      Math.min(BEAT_MS, left + 1),
    );
  }
}

/** One line as an event; its payload is one line of data. */
function eventText(line: string, id: string | undefined): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${eventName(line)}\ndata: ${payloadText(line)}\n\n`;
}
