import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BlobPage, BlobStore } from '../src/files/blob-store.ts';
import type { Log } from '../src/room/ports.ts';
import type { DiskBlobStore } from './disk-blob-store.ts';
import { BUSY_MS } from './sqlite-file.ts';

/** Age from which bytes without a row are orphans, in milliseconds: longer than an upload can take. */
const LEAST_AGE_MS = 2 * 86_400_000;

/** Time between two sweeps, in milliseconds. */
const SWEEP_EVERY_MS = 86_400_000;

/** Where the bytes of all files are in a data folder. */
export function filesFolder(dataDir: string): string {
  return join(dataDir, 'files');
}

/** The keys, below a room's folder, of the files that a room's database knows, or of those that are stored. */
export function knownKeys(roomFile: string, which: 'all' | 'stored' = 'all'): Set<string> {
  const database = new DatabaseSync(roomFile, { readOnly: true, timeout: BUSY_MS });
  try {
    const has = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'files'").get();
    if (has === undefined) return new Set();
    const where = which === 'stored' ? ' WHERE sha256 IS NOT NULL' : '';
    const rows = database.prepare(`SELECT epoch, file_id AS fileId FROM files${where}`).all();
    return new Set(rows.map(({ epoch, fileId }) => `${String(epoch)}/${String(fileId)}`));
  } finally {
    database.close();
  }
}

/**
 * Deletes the bytes of rooms that do not exist, as in a data folder from which rooms were removed by
 * hand. Rooms that exist look for orphaned bytes of their own, two days after an upload.
 * @param now epoch milliseconds
 * @returns how many were deleted
 */
export async function sweepFiles(dataDir: string, store: BlobStore, now: number): Promise<number> {
  let count = 0;
  for (const folder of await fileFolders(dataDir)) {
    if (existsSync(join(dataDir, 'rooms', `${folder}.sqlite`))) continue;
    for await (const { key, storedAt } of blobsIn(store, folder)) {
      if (now - storedAt <= LEAST_AGE_MS) continue;
      await store.delete([key]);
      count++;
    }
  }
  return count;
}

/** The folders of rooms that have files. */
function fileFolders(dataDir: string): Promise<string[]> {
  return readdir(filesFolder(dataDir)).catch(() => []);
}

async function* blobsIn(
  store: BlobStore,
  folder: string,
): AsyncGenerator<BlobPage['blobs'][number]> {
  let after: string | undefined;
  do {
    const { blobs, next } = await store.list(`${folder}/`, after);
    yield* blobs;
    after = next;
  } while (after !== undefined);
}

/** The state of the files in a data folder. */
export interface FileCensus {
  /** Files whose bytes are there, and their bytes together. */
  stored: number;
  bytes: number;
  /** Files in messages, or complete, whose bytes are gone. */
  missing: number;
  /** Bytes that no room has a file for, and that are older than an upload can take. */
  orphans: number;
}

/**
 * Compares the files that rooms know with the bytes that are stored, while rooms may be in use. Rooms
 * whose database cannot be read are left out.
 */
export async function countFiles(
  dataDir: string,
  store: BlobStore,
  now: number,
): Promise<FileCensus> {
  const census = { stored: 0, bytes: 0, missing: 0, orphans: 0 };
  const rooms = (await readdir(join(dataDir, 'rooms')).catch(() => []))
    .filter((name) => name.endsWith('.sqlite'))
    .map((name) => name.slice(0, -'.sqlite'.length));
  for (const folder of new Set([...rooms, ...(await fileFolders(dataDir))])) {
    const keys = roomKeys(join(dataDir, 'rooms', `${folder}.sqlite`));
    if (keys === undefined) continue;
    const { known, stored: left } = keys;
    for await (const { key, size, storedAt } of blobsIn(store, folder)) {
      const within = key.slice(folder.length + 1);
      left.delete(within);
      if (!known.has(within)) census.orphans += now - storedAt > LEAST_AGE_MS ? 1 : 0;
      else {
        census.stored++;
        census.bytes += size;
      }
    }
    census.missing += left.size;
  }
  return census;
}

/** The keys of a room's files; none if there is no room, undefined if its database cannot be read. */
function roomKeys(roomFile: string): { known: Set<string>; stored: Set<string> } | undefined {
  if (!existsSync(roomFile)) return { known: new Set(), stored: new Set() };
  try {
    return { known: knownKeys(roomFile), stored: knownKeys(roomFile, 'stored') };
  } catch {
    return undefined;
  }
}

async function sweepAll(dataDir: string, store: DiskBlobStore, now: number): Promise<void> {
  await store.removePartials(now);
  await sweepFiles(dataDir, store, now);
}

/** Sweeps now and once a day. @returns a function that ends it */
export function sweepDaily(dataDir: string, store: DiskBlobStore, log: Log): () => void {
  const sweep = () =>
    void sweepAll(dataDir, store, Date.now()).catch((error: unknown) =>
      log.failure('sweep of files', error),
    );
  sweep();
  const timer = setInterval(sweep, SWEEP_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
