import type { Context } from 'hono';
import { BodyLengthMismatch, type BlobStore } from '../../files/blob-store.ts';
import { folderOf } from '../../files/delete-files.ts';
import { HEAD_BYTES, sniff } from '../../files/sniff.ts';
import { invalidField, Refusal } from '../../protocol/codes/errors.ts';
import type { Payload, Reply, RequestName } from '../../protocol/commands.ts';
import { hexOf } from '../../protocol/text.ts';
import { wrongBody } from './body-text.ts';

/** Asks one room as one identity. @throws Refusal */
export type Ask = <N extends RequestName>(
  name: N,
  payload: Omit<Payload<N>, 'roomId'>,
) => Promise<Reply<N>>;

/** What the headers of an upload say about it. */
export interface UploadHead {
  name: string;
  size: number;
  /** In hexadecimal. */
  sha256: string | undefined;
  previewOf: string | undefined;
}

/** A refusal that HTTP answers with 411. */
export class LengthRequired extends Refusal {}

/** @throws Refusal `invalid_payload`; `LengthRequired` if `Content-Length` is missing or not a number */
export function readUploadHead(c: Context): UploadHead {
  const length = c.req.header('content-length') ?? '';
  if (!/^\d{1,15}$/.test(length)) {
    throw new LengthRequired(
      'invalid_payload',
      'Send Content-Length: a file must say how many bytes it has before they come.',
    );
  }
  const why = wrongBody({
    contentType: undefined,
    contentEncoding: c.req.header('content-encoding'),
  });
  if (why !== undefined) throw why;
  const previewOf = c.req.header('x-preview-of');
  return { name: nameIn(c), size: Number(length), sha256: digestIn(c), previewOf };
}

/** The name is required: no page of another origin can send its header without a preflight (CORS). */
function nameIn(c: Context): string {
  const given = c.req.header('x-file-name');
  if (given === undefined) throw invalidField('X-File-Name', 'must name the file');
  try {
    return decodeURIComponent(given);
  } catch {
    throw invalidField('X-File-Name', 'must be percent-encoded UTF-8');
  }
}

/** The SHA-256 of a `Content-Digest` (RFC 9530); other algorithms are not checked. */
function digestIn(c: Context): string | undefined {
  const given = c.req.header('content-digest') ?? '';
  const [, base64] = /(?:^|[,\s])sha-256=:([A-Za-z0-9+/=]*):/i.exec(given) ?? [];
  if (base64 === undefined) return undefined;
  try {
    return hexOf(Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0)));
  } catch {
    throw invalidField('Content-Digest', 'must be base64 between colons');
  }
}

/**
 * Reserves a file, stores its bytes, and completes it. An upload that fails leaves nothing; what a
 * crash leaves, the room deletes in a day.
 * @throws Refusal
 */
export async function storeUpload(
  ask: Ask,
  { store, roomId, log }: { store: BlobStore; roomId: string; log: (error: unknown) => void },
  { sha256: promised, previewOf, ...file }: UploadHead,
  body: ReadableStream<Uint8Array> | null,
): Promise<Reply<'completeFile'>> {
  const reserved = await ask('reserveFile', { ...file, ...(previewOf && { previewOf }) });
  const { fileId } = reserved;
  const key = `${await folderOf(roomId)}/${reserved.key}`;
  const passing = new PassingBody();
  try {
    const bytes = passing.pass(body ?? new Blob([]).stream());
    const sha256 = await store.put(key, bytes, file.size);
    if (promised !== undefined && promised !== sha256) {
      throw invalidField('Content-Digest', 'must be the SHA-256 of the body; send the file again');
    }
    return await ask('completeFile', { fileId, sha256, ...(await sniff(passing.head)) });
  } catch (error) {
    await store.delete([key]).catch(log);
    await ask('dropFile', { fileId }).catch(log);
    throw reasonOf(error, passing, log);
  }
}

/** A body on its way to the store: keeps its beginning, from which its type is determined. */
class PassingBody {
  /** Whether its sender is gone. */
  isBroken = false;
  readonly #head = new Uint8Array(HEAD_BYTES);
  #headBytes = 0;

  get head(): Uint8Array {
    return this.#head.subarray(0, this.#headBytes);
  }

  pass(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = await this.#read(reader);
          if (done) controller.close();
          else controller.enqueue(this.#noted(value));
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>) {
    try {
      return await reader.read();
    } catch (error) {
      this.isBroken = true;
      throw error;
    }
  }

  #noted(chunk: Uint8Array): Uint8Array {
    const more = chunk.subarray(0, HEAD_BYTES - this.#headBytes);
    this.#head.set(more, this.#headBytes);
    this.#headBytes += more.byteLength;
    return chunk;
  }
}

/** The refusal of an upload that failed. */
function reasonOf(
  error: unknown,
  { isBroken }: PassingBody,
  log: (error: unknown) => void,
): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof BodyLengthMismatch) {
    return invalidField('Content-Length', 'must be the length of the body; send the file again');
  }
  if (isBroken) return invalidField('body', 'has broken off; send the file again');
  log(error);
  return new Refusal('unavailable', 'The file cannot be stored right now; send it again later.');
}
