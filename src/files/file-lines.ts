import { base64url } from 'jose';
import type { FileLine } from '../protocol/export-lines.ts';
import { fixed } from '../protocol/codes/limits.ts';
import { invalidField } from '../protocol/codes/errors.ts';
import type { Payload, Reply } from '../protocol/commands.ts';
import { type BlobStore, MAX_KEYS } from './blob-store.ts';
import { HEAD_BYTES, sniff } from './sniff.ts';

const PIECE_BYTES = fixed.exportFileBytes;

type FileToCarry = NonNullable<Reply<'exportRoom'>['files']>[number];

/**
 * A file as lines of an export, one piece in memory at a time.
 * @param body its bytes, from the store
 */
export async function* fileLines(
  { fileId, size, sha256 }: FileToCarry,
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<FileLine> {
  let at = 0;
  for await (const piece of piecesOf(body)) {
    yield { type: 'file', fileId, size, sha256, at, bytes: base64url.encode(piece) };
    at += piece.byteLength;
  }
}

/** A body in pieces of `PIECE_BYTES`; the last one may be shorter, and there is at least one. */
async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  let piece = new Uint8Array(PIECE_BYTES);
  let filled = 0;
  for await (const chunk of body) {
    for (let from = 0; from < chunk.byteLength;) {
      if (filled === PIECE_BYTES) {
        yield piece;
        piece = new Uint8Array(PIECE_BYTES);
        filled = 0;
      }
      const part = chunk.subarray(from, from + PIECE_BYTES - filled);
      piece.set(part, filled);
      filled += part.byteLength;
      from += part.byteLength;
    }
  }
  yield piece.subarray(0, filled);
}

/** Reserves a file in the room, then, with `stored`, completes it. @throws Refusal */
export type AskImportFile = (
  payload: Omit<Payload<'importFile'>, 'roomId'>,
) => Promise<Reply<'importFile'>>;

/**
 * Stores the bytes of one line of an import. A file of one line is stored at once. The pieces of a
 * longer file are stored under keys of their own until the last one has arrived, because a part of an
 * import may end between two lines. A repeated line does no harm; pieces that are left over are deleted
 * as bytes without a file.
 * @param folder the room's own in the store
 * @throws Refusal; any other error is the store's
 */
export async function storeFileLine(
  ask: AskImportFile,
  store: BlobStore,
  folder: string,
  line: FileLine,
): Promise<void> {
  const piece = decoded(line);
  const { fileId, size, sha256, at } = line;
  const reserved = await ask({ fileId, size });
  if (reserved.isStored) return;
  const key = `${folder}/${reserved.key}`;
  const isWhole = piece.byteLength === size;
  const put = isWhole ? key : pieceKey(key, at);
  let digest = await store.put(put, new Blob([piece]).stream(), piece.byteLength);
  if (at + piece.byteLength < size) return;
  if (!isWhole) digest = await joinPieces(store, key, size);
  if (digest !== sha256) {
    await store.delete([key]);
    throw invalidField('sha256', 'must be that of the bytes');
  }
  await ask({ fileId, size, stored: { sha256, ...(await sniff(await headOf(store, key, size))) } });
}

/** @throws Refusal if the line's bytes are not the exported ones */
function decoded({ bytes, at, size }: FileLine): Uint8Array<ArrayBuffer> {
  const piece = fromBase64(bytes);
  const expected = Math.min(PIECE_BYTES, size - at);
  if (at % PIECE_BYTES !== 0 || piece?.byteLength !== expected) {
    throw invalidField('bytes', 'must be as they were exported');
  }
  return piece;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return new Uint8Array(base64url.decode(text));
  } catch {
    return undefined;
  }
}

function pieceKey(key: string, at: number): string {
  return `${key}-${at}`;
}

/** @returns the SHA-256 of the whole file */
async function joinPieces(store: BlobStore, key: string, size: number): Promise<string> {
  const keys = Array.from({ length: Math.ceil(size / PIECE_BYTES) }, (_, index) =>
    pieceKey(key, index * PIECE_BYTES),
  );
  const digest = await store.put(key, joined(store, keys), size);
  for (let from = 0; from < keys.length; from += MAX_KEYS) {
    await store.delete(keys.slice(from, from + MAX_KEYS));
  }
  return digest;
}

/** The bytes of all keys, one after the other. */
function joined(store: BlobStore, keys: readonly string[]): ReadableStream<Uint8Array> {
  const left = keys.values();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value: key } = left.next();
        if (done) return controller.close();
        const body = await store.get(key);
        if (body === undefined) {
          throw invalidField('at', 'must follow the other lines of the file, in order');
        }
        return controller.enqueue(new Uint8Array(await new Response(body).arrayBuffer()));
      },
    },
    { highWaterMark: 0 },
  );
}

async function headOf(store: BlobStore, key: string, size: number): Promise<Uint8Array> {
  if (size === 0) return new Uint8Array();
  const body = await store.get(key, { first: 0, last: Math.min(size, HEAD_BYTES) - 1 });
  return new Uint8Array(await new Response(body).arrayBuffer());
}
