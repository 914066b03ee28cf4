import { hexOf } from '../protocol/text.ts';
import {
  assertBlobKey,
  type BlobPage,
  type BlobStore,
  type ByteRange,
  MAX_KEYS,
  ofLength,
} from '../files/blob-store.ts';

/** Bodies of up to this many bytes are held in memory as a whole; longer ones pass through. */
const BUFFERED_BYTES = 1024 * 1024;

/** Blobs in an R2 bucket. An upload that ends early leaves nothing: R2 stores a body whole or not at all. */
export class R2BlobStore implements BlobStore {
  readonly #bucket: R2Bucket;

  constructor(bucket: R2Bucket) {
    this.#bucket = bucket;
  }

  async put(key: string, body: ReadableStream<Uint8Array>, size: number): Promise<string> {
    assertBlobKey(key);
    const whole = body.pipeThrough(ofLength(size));
    return size <= BUFFERED_BYTES ? this.#putWhole(key, whole) : this.#putStream(key, whole, size);
  }

  /** Sends a small body to R2 once all of it has come, so that R2 never sees one that breaks off. */
  async #putWhole(key: string, body: ReadableStream<Uint8Array>): Promise<string> {
    const bytes = await new Response(body).arrayBuffer();
    await this.#bucket.put(key, bytes);
    return hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
  }

  async #putStream(key: string, body: ReadableStream<Uint8Array>, size: number): Promise<string> {
    const digest = new crypto.DigestStream('SHA-256');
    const hashing = digest.getWriter();
    const hashed = new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        await hashing.write(chunk);
        controller.enqueue(chunk);
      },
      flush: () => hashing.close(),
    });
    // R2 only takes a body whose length is known.
    const known = new FixedLengthStream(size);
    const failed = new AbortController();
    const stored = this.#bucket.put(key, known.readable);
    stored.catch((error: unknown) => failed.abort(error));
    const { signal } = failed;
    await body.pipeThrough(hashed).pipeTo(known.writable, { signal });
    await stored;
    return hexOf(new Uint8Array(await digest.digest));
  }

  async get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    assertBlobKey(key);
    const part = range && { range: { offset: range.first, length: range.last - range.first + 1 } };
    const found = await this.#bucket.get(key, part ?? {});
    return found?.body;
  }

  async delete(keys: readonly string[]): Promise<void> {
    keys.forEach(assertBlobKey);
    if (keys.length > 0) await this.#bucket.delete([...keys]);
  }

  async list(prefix: string, after?: string): Promise<BlobPage> {
    const page = await this.#bucket.list({
      prefix,
      limit: MAX_KEYS,
      ...(after !== undefined && { startAfter: after }),
    });
    const last = page.objects.at(-1);
    return {
      blobs: page.objects.map(({ key, size, uploaded }) => ({
        key,
        size,
        storedAt: uploaded.getTime(),
      })),
      ...(page.truncated && last !== undefined && { next: last.key }),
    };
  }
}
