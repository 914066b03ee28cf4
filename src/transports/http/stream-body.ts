/**
 * The body of an answer that stays open, to one client. Hosts write it in their own way. Chunks may be
 * shared by many bodies and are never changed.
 */
export interface StreamBody {
  /** Bytes that wait here because the client does not read as fast as they come. */
  readonly unsentBytes: number;
  /** Sends bytes, after those that wait. */
  write(bytes: Uint8Array): void;
  /** Removes the bytes that wait. */
  drop(): void;
  /** Resolves when nothing waits for the client, or the client is gone. */
  drained(): Promise<void>;
  /** Sends the bytes that wait, then ends; nothing may be written after it. */
  end(): void;
  /** Calls `listener` when the client is gone, at once if it is gone already; perhaps more than once. */
  onClosed(listener: () => void): void;
  /** The response with this body. */
  answer(headers: Record<string, string>): Response;
}

/** A body as a web stream, for hosts that have nothing faster. */
export class WebStreamBody implements StreamBody {
  readonly #stream: ReadableStream<Uint8Array>;
  readonly #signal: AbortSignal;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  /** Whether the reader waits for bytes. */
  #isWanted = false;
  #isEnding = false;
  #gone: (() => void) | undefined;
  #onDrained: (() => void)[] = [];

  /** @param signal aborts when the client is gone */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
    // The stream itself queues nothing, so that all unsent bytes are counted here.
    this.#stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#isWanted = true;
          this.#flush();
        },
        cancel: () => {
          this.#controller = undefined;
          this.#gone?.();
        },
      },
      { highWaterMark: 0 },
    );
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  write(bytes: Uint8Array): void {
    this.#unsent.push(bytes);
    this.#unsentBytes += bytes.byteLength;
    this.#flush();
  }

  drop(): void {
    this.#unsent = [];
    this.#unsentBytes = 0;
  }

  drained(): Promise<void> {
    if (this.#unsentBytes === 0 || this.#isEnding) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  end(): void {
    this.#isEnding = true;
    this.#resolveDrained();
    this.#flush();
  }

  onClosed(listener: () => void): void {
    this.#gone = listener;
    this.#signal.addEventListener('abort', listener);
    if (this.#signal.aborted) listener();
  }

  answer(headers: Record<string, string>): Response {
    return new Response(this.#stream, { headers });
  }

  /** Gives all unsent bytes to a waiting reader, as one chunk. */
  #flush(): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    if (this.#unsentBytes > 0) {
      if (!this.#isWanted) return;
      const bytes = concatenated(this.#unsent, this.#unsentBytes);
      this.drop();
      this.#isWanted = false;
      controller.enqueue(bytes);
      this.#resolveDrained();
    }
    if (!this.#isEnding || this.#controller === undefined) return;
    this.#controller = undefined;
    controller.close();
  }

  #resolveDrained(): void {
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }
}

function concatenated(chunks: readonly Uint8Array[], byteLength: number): Uint8Array {
  const [first] = chunks;
  if (first?.byteLength === byteLength) return first;
  const all = new Uint8Array(byteLength);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}
