import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Keeps a second process off the same data. The lock is SQLite's lock on a file, which the operating
 * system releases however this process ends.
 * @throws Error with one sentence for the operator
 */
export function lockData(dataDir: string): { release(): void } {
  try {
    mkdirSync(dataDir, { recursive: true });
    const path = join(dataDir, 'lock');
    const database = new DatabaseSync(path);
    try {
      database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
      // In a file that it cannot write to, SQLite takes a lock that excludes nobody.
      accessSync(path, constants.W_OK);
    } catch (error) {
      database.close();
      throw error;
    }
    return { release: () => database.close() };
  } catch (error) {
    throw new Error(sentence(dataDir, error), { cause: error });
  }
}

function sentence(dataDir: string, error: unknown): string {
  const { message } = error as Error;
  return /locked/.test(message)
    ? `Another Parlor is already using ${dataDir}: stop it, or set DATA_DIR to another folder.`
    : `${dataDir} cannot be written to (${message}): set DATA_DIR to a folder of your own.`;
}
