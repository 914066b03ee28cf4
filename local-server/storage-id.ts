import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FORM = /^[0-9a-f]{32}$/;

/**
 * The id of a data folder, 32 hexadecimal digits: made once and kept in the folder, so that a new
 * or restored folder has another one. The epoch of a room without stored data is derived from it.
 */
export function storageIdOf(dataDir: string): string {
  const path = join(dataDir, 'storage-id');
  const known = readIfThere(path);
  return FORM.test(known) ? known : renewStorageId(dataDir);
}

/** Gives a data folder a new id, as is needed when older data is put into it. */
export function renewStorageId(dataDir: string): string {
  const id = randomBytes(16).toString('hex');
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(join(dataDir, 'storage-id'), `${id}\n`, { flush: true });
  return id;
}

/** The epoch of a room's first life in that storage: 32 hexadecimal digits. */
export function firstEpochOf(storageId: string, roomId: string): string {
  return createHash('sha256').update(`${storageId}\n${roomId}`).digest('hex').slice(0, 32);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
