import type { FileCounts } from '../observability/file-counts.ts';
import type { BlobPage, BlobStore, ByteRange } from './blob-store.ts';

/** A store that counts its operations. */
export class CountedBlobStore implements BlobStore {
  readonly #store: BlobStore;
  readonly #counts: () => FileCounts;

  constructor(store: BlobStore, counts: () => FileCounts) {
    this.#store = store;
    this.#counts = counts;
  }

  async put(key: string, body: ReadableStream<Uint8Array>, size: number): Promise<string> {
    try {
      const sha256 = await this.#store.put(key, body, size);
      this.#counts().stored(size);
      return sha256;
    } catch (error) {
      this.#counts().count('failed');
      throw error;
    }
  }

  async get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    const body = await this.#store.get(key, range);
    this.#counts().count('read');
    return body;
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.#store.delete(keys);
    this.#counts().count('deleted', keys.length);
  }

  list(prefix: string, after?: string): Promise<BlobPage> {
    return this.#store.list(prefix, after);
  }
}
