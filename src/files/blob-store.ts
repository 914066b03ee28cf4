/**
 * Where the bytes of files are stored: R2 at the edge, a folder on Node. Both fulfil this port; one
 * contract suite runs against each.
 *
 * A key is a path of names joined by `/`, such as `<room>/<epoch>/<fileId>`; a name has letters,
 * digits, `-` and `_` only, so that no key leads out of its folder.
 */
export interface BlobStore {
  /**
   * Stores a body of exactly `size` bytes under the key, replacing an earlier one. The body is passed
   * on piece by piece: memory does not grow with `size`.
   * @returns the SHA-256 of the stored bytes, 64 hexadecimal digits
   * @throws BodyLengthMismatch where the body is longer or shorter; any other error is the store's or
   *   the body's. After an error the key holds nothing new.
   */
  put(key: string, body: ReadableStream<Uint8Array>, size: number): Promise<string>;
  /** The bytes of a key, or a part of them; undefined where the key holds nothing. */
  get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Deletes the bytes of at most 1,000 keys; a key that holds nothing is no error. */
  delete(keys: readonly string[]): Promise<void>;
  /**
   * A page of the keys below a prefix that ends in `/`, in order.
   * @param after the last key of the previous page
   */
  list(prefix: string, after?: string): Promise<BlobPage>;
}

/** Bytes `first` to `last`, both included; `first` ≤ `last` < the size. */
export interface ByteRange {
  first: number;
  last: number;
}

/** At most 1,000 entries. `next` is the last key, and absent where there are no more. */
export interface BlobPage {
  blobs: { key: string; size: number; /** Epoch milliseconds. */ storedAt: number }[];
  next?: string;
}

/** A body had more or fewer bytes than its length said. */
export class BodyLengthMismatch extends Error {
  override readonly name = 'BodyLengthMismatch';
}

/** The most keys of one `delete`, and entries in one page of `list`: R2's own limit. */
export const MAX_KEYS = 1_000;

const KEY = /^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/;

/**
 * @throws Error for a key that could lead out of its folder: keys are made by the service,
 * never by a client
 */
export function assertBlobKey(key: string): void {
  if (!KEY.test(key)) throw new Error('A blob key must be names joined by "/".');
}

/**
 * Passes a body on, and fails unless it has exactly `size` bytes. The last piece is passed on only when
 * the body has ended, so that a store that counts bytes never accepts a body that is too long.
 */
export function ofLength(size: number): TransformStream<Uint8Array, Uint8Array> {
  let left = size;
  let held: Uint8Array | undefined;
  return new TransformStream({
    transform(chunk, controller) {
      left -= chunk.byteLength;
      if (left < 0) throw new BodyLengthMismatch('The body is longer than its length says.');
      if (held !== undefined) controller.enqueue(held);
      held = chunk;
    },
    flush(controller) {
      if (left > 0) throw new BodyLengthMismatch('The body is shorter than its length says.');
      if (held !== undefined) controller.enqueue(held);
    },
  });
}
