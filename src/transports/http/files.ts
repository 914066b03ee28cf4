import type { Context, Hono } from 'hono';
import type { BlobStore, ByteRange } from '../../files/blob-store.ts';
import { folderOf } from '../../files/delete-files.ts';
import { FileAccess } from '../../files/file-access.ts';
import { fileTokenFor, type FileTokens } from '../../files/file-token.ts';
import { Refusal, refusalOf } from '../../protocol/codes/errors.ts';
import type { Identity } from '../../protocol/identity.ts';
import { answerOf } from './file-headers.ts';
import type { HttpTransport, Identify } from './http-transport.ts';
import { pathFields, roomIdOf, text } from './request-parts.ts';
import { storeFailure } from './store-failure.ts';
import { type Ask, readUploadHead, storeUpload } from './upload.ts';

/** A host's storage of files. */
export interface HttpFiles {
  /** Absent if the host has no place for files. */
  store: BlobStore | undefined;
  /** What to do about a missing store, as one sentence. */
  noStore: string;
  /** Absent if no secret is set to sign them with. */
  tokens: FileTokens | undefined;
  /** How long a room's answer about a reader is remembered, in milliseconds. */
  accessMs: number;
  /** Whether pages of other origins may show files. */
  isForAll: boolean;
  /** Keeps the host running until `work` is done, even if the client is gone. */
  finish?: (c: Context, work: Promise<unknown>) => void;
}

const FILE_PATH = '/rooms/:roomId/files/:fileId';

/** Adds the routes of files: uploading, reading, and the token that addresses of files carry. */
export function addFileRoutes(
  app: Hono,
  transport: HttpTransport,
  identify: Identify,
  charge: (identity: Identity) => void,
): void {
  const { directory, files, log } = transport;
  const access = new FileAccess(directory, files.accessMs);

  app.post('/rooms/:roomId/files', async (c) => {
    const roomId = roomIdOf(c);
    const identity = await identify(c);
    const head = readUploadHead(c);
    const store = storeOf(files);
    const ask: Ask = async (name, payload) => {
      const result = await directory.execute(roomId, identity, name, payload);
      if (!result.ok) throw refusalOf(result.error);
      return result;
    };
    const host = { store, roomId, log: (error: unknown) => log('upload', error) };
    const work = storeUpload(ask, host, head, c.req.raw.body);
    files.finish?.(c, work);
    return c.json({ file: (await work).file }, 201);
  });

  app.get(FILE_PATH, async (c) => {
    const roomId = roomIdOf(c);
    const now = Date.now();
    const token = c.req.query('t') || undefined;
    const reader =
      token === undefined ? await identify(c) : await readerOf(files, token, roomId, now);
    if (token !== undefined) charge(reader);
    const store = storeOf(files);
    const { fileId } = pathFields(c, FILE_PATH, { fileId: text }) as { fileId: string };
    const { file, key } = await access.find(roomId, reader, fileId, now);
    const maxAgeMs = token === undefined ? 0 : (reader.expiresAt ?? now) - now;
    const { status, headers, range } = answerOf(c, file, { maxAgeMs, isForAll: files.isForAll });
    if (c.req.method === 'HEAD' || status === 304 || status === 416) {
      return c.body(null, status, headers);
    }
    const body = await bytesOf(store, `${await folderOf(roomId)}/${key}`, range, log);
    if (body === undefined) {
      throw new Refusal('file_not_found', 'There is no such file, or it was deleted.');
    }
    return c.body(body, status, headers);
  });

  app.get('/rooms/:roomId/file-token', async (c) => {
    const roomId = roomIdOf(c);
    const made = await fileTokenFor(files.tokens, await identify(c), roomId);
    if ('code' in made) throw refusalOf(made);
    return c.json(made);
  });
}

/** The store of files. @throws Refusal if the host has none */
export function storeOf({ store, noStore }: HttpFiles): BlobStore {
  if (store === undefined) throw new Refusal('unavailable', noStore);
  return store;
}

async function bytesOf(
  store: BlobStore,
  key: string,
  range: ByteRange | undefined,
  log: HttpTransport['log'],
): Promise<ReadableStream<Uint8Array> | undefined> {
  try {
    return await store.get(key, range);
  } catch (error) {
    throw storeFailure('download', error, log);
  }
}

async function readerOf(
  { tokens }: HttpFiles,
  token: string,
  roomId: string,
  now: number,
): Promise<Identity> {
  const reader = await tokens?.readerOf(token, roomId, now);
  if (reader !== undefined) return reader;
  throw new Refusal(
    'unauthorized',
    'This address is no longer valid; ask getFileToken for a new one.',
  );
}
