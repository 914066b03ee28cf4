import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BlobStore } from '../src/files/blob-store.ts';
import type { Log } from '../src/room/ports.ts';
import type { DiskBlobStore } from './disk-blob-store.ts';
import { BUSY_MS } from './sqlite-file.ts';

/** Bytes are no orphan before that, in milliseconds: an upload's row is there as long, and comes first. */
const LEAST_AGE_MS = 2 * 86_400_000;

/** Time between two sweeps, in milliseconds. */
const SWEEP_EVERY_MS = 86_400_000;

/** Where the bytes of all files are in a data folder. */
export function filesFolder(dataDir: string): string {
  return join(dataDir, 'files');
}

/** The keys, below a room's folder, of the files that a room's database knows. */
export function knownKeys(roomFile: string): Set<string> {
  const database = new DatabaseSync(roomFile, { readOnly: true, timeout: BUSY_MS });
  try {
    const has = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'files'").get();
    if (has === undefined) return new Set();
    const rows = database.prepare('SELECT epoch, file_id AS fileId FROM files').all();
    return new Set(rows.map(({ epoch, fileId }) => `${String(epoch)}/${String(fileId)}`));
  } finally {
    database.close();
  }
}

/**
 * Deletes bytes that no room has a file for, such as a data folder has that was copied by other means
 * than `npm run backup`. Rooms delete what they leave themselves; this is for what they do not know.
 * @param now epoch milliseconds
 * @returns how many were deleted
 */
export async function sweepFiles(dataDir: string, store: BlobStore, now: number): Promise<number> {
  let count = 0;
  const folders = await readdir(filesFolder(dataDir)).catch(() => []);
  for (const folder of folders) {
    const roomFile = join(dataDir, 'rooms', `${folder}.sqlite`);
    const known = existsSync(roomFile) ? knownKeys(roomFile) : new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await store.list(`${folder}/`, cursor);
      const orphans = page.blobs
        .filter(({ storedAt }) => now - storedAt > LEAST_AGE_MS)
        .map(({ key }) => key)
        .filter((key) => !known.has(key.slice(folder.length + 1)));
      await store.delete(orphans);
      count += orphans.length;
      cursor = page.next;
    } while (cursor !== undefined);
  }
  return count;
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
