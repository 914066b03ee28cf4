import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import {
  assertBlobKey,
  type BlobPage,
  type BlobStore,
  type ByteRange,
  MAX_KEYS,
  ofLength,
} from '../src/files/blob-store.ts';

/** Suffix of the files of uploads under way. A blob's name has no dot. */
const PARTIAL = '.partial';
/** Longest time of an upload, in milliseconds: an older partial file was left by a crash. */
const PARTIAL_MS = 86_400_000;

/** Blobs in a folder: written beside their place, synced, then renamed, so that each is whole or absent. */
export class DiskBlobStore implements BlobStore {
  readonly #folder: string;
  /** Keys that the last page of `list` left for the next one, so that a folder is read only once. */
  #rest: { prefix: string; after: string; keys: string[] } | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(key: string, body: ReadableStream<Uint8Array>, size: number): Promise<string> {
    const path = this.#pathOf(key);
    const partial = `${path}.${randomBytes(8).toString('hex')}${PARTIAL}`;
    try {
      const sha256 = await write(await create(partial), body.pipeThrough(ofLength(size)));
      await rename(partial, path);
      await sync(dirname(path));
      return sha256;
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }

  async get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    const file = await open(this.#pathOf(key)).catch(ifAbsent);
    if (file === undefined) return undefined;
    const part = range && { start: range.first, end: range.last };
    return Readable.toWeb(file.createReadStream(part)) as ReadableStream<Uint8Array>;
  }

  async delete(keys: readonly string[]): Promise<void> {
    const paths = keys.map((key) => this.#pathOf(key));
    await Promise.all(paths.map((path) => rm(path, { force: true })));
    for (const folder of new Set(paths.map((path) => dirname(path)))) {
      await this.#removeEmptyFolders(folder);
    }
  }

  async list(prefix: string, after = ''): Promise<BlobPage> {
    const rest = this.#rest;
    const isNext = rest?.prefix === prefix && rest.after === after;
    const keys = isNext ? rest.keys : await this.#keysBelow(prefix, after);
    const page = keys.slice(0, MAX_KEYS);
    const next = keys.length > page.length ? page.at(-1) : undefined;
    this.#rest =
      next === undefined ? undefined : { prefix, after: next, keys: keys.slice(MAX_KEYS) };
    const blobs = await Promise.all(page.map((key) => this.#entryOf(key)));
    return {
      blobs: blobs.filter((blob) => blob !== undefined),
      ...(next !== undefined && { next }),
    };
  }

  /** Removes the partial files of uploads that a crash ended. */
  async removePartials(now: number): Promise<void> {
    for (const path of await filesBelow(this.#folder)) {
      if (!path.endsWith(PARTIAL)) continue;
      const found = await stat(path).catch(ifAbsent);
      if (found !== undefined && now - found.mtimeMs > PARTIAL_MS) await rm(path, { force: true });
    }
  }

  async #keysBelow(prefix: string, after: string): Promise<string[]> {
    const folder = prefix === '' ? this.#folder : this.#pathOf(prefix.replace(/\/$/, ''));
    const paths = await filesBelow(folder);
    return paths
      .filter((path) => !path.endsWith(PARTIAL))
      .map((path) => relative(this.#folder, path).split(sep).join('/'))
      .filter((key) => key > after)
      .toSorted();
  }

  async #entryOf(key: string): Promise<BlobPage['blobs'][number] | undefined> {
    const found = await stat(this.#pathOf(key)).catch(ifAbsent);
    return found && { key, size: found.size, storedAt: found.mtimeMs };
  }

  /** Removes empty folders, up to this store's own; a folder that is in use stays. */
  async #removeEmptyFolders(folder: string): Promise<void> {
    if (folder === this.#folder) return;
    try {
      await rmdir(folder);
    } catch {
      return;
    }
    await this.#removeEmptyFolders(dirname(folder));
  }

  #pathOf(key: string): string {
    assertBlobKey(key);
    return join(this.#folder, ...key.split('/'));
  }
}

/** Opens a new file and makes its folder, again if a `delete` removes the folder as empty. */
async function create(path: string): Promise<FileHandle> {
  for (;;) {
    await mkdir(dirname(path), { recursive: true }).catch(ifAbsent);
    const file = await open(path, 'wx').catch(ifAbsent);
    if (file !== undefined) return file;
  }
}

/** Writes a body and waits until it is on the disk. @returns its SHA-256, in hexadecimal */
async function write(file: FileHandle, body: ReadableStream<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of body) {
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.datasync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

/** Brings a folder's own entries to the disk, without which a crash may undo a rename. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } catch {
    // Some systems cannot sync a folder; there, entries last without it.
  } finally {
    await handle.close();
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(ifAbsent);
  return (found ?? [])
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/**
 * For a file that is not there, perhaps not even its folder. All else is an error, such as a file in
 * the place of a folder, which would stay there.
 */
function ifAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
