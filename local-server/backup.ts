import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { lockData } from './data-lock.ts';
import { filesFolder, knownKeys } from './sweep-files.ts';
import { renewStorageId } from './storage-id.ts';

/** What a backup holds: one file a room, the bytes of its files, and when rooms are to be woken. */
const ROOMS = 'rooms';
const WAKEUPS = 'wakeups.sqlite';

/** All pages in one step: a step that is interrupted by a write begins anew, and a busy room never ends. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * Copies all rooms of a data folder, which may be in use: each room as it was at one moment. The folder
 * `to` comes into being when everything is in it.
 * @returns how many rooms were copied
 * @throws Error with one sentence for the operator
 */
export async function backUp(dataDir: string, to: string): Promise<number> {
  if (!existsSync(join(dataDir, ROOMS))) {
    throw new Error(`There are no rooms in ${dataDir}: set DATA_DIR to where they lie.`);
  }
  assertNothingAt(to);
  const partial = join(dirname(resolve(to)), `.${basename(resolve(to))}.partial`);
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(join(partial, ROOMS), { recursive: true });
  try {
    let count = 0;
    for (const file of roomFiles(dataDir)) {
      if (!(await copy(join(dataDir, ROOMS, file), join(partial, ROOMS, file)))) continue;
      copyBytes(dataDir, partial, file);
      count++;
    }
    await copy(join(dataDir, WAKEUPS), join(partial, WAKEUPS));
    renameSync(partial, to);
    return count;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/**
 * Puts a backup where no rooms are. Every room gets a new epoch, those not in it as well: clients have seen what came after the
 * backup, and a position of theirs must not pass for one of the room's new history.
 * @returns how many rooms there are now
 * @throws Error with one sentence for the operator
 */
export async function restore(from: string, dataDir: string): Promise<number> {
  if (!existsSync(join(from, ROOMS))) throw new Error(`${from} is no backup: it holds no rooms.`);
  const lock = lockData(dataDir);
  try {
    const rooms = join(dataDir, ROOMS);
    if (existsSync(rooms) && readdirSync(rooms).length > 0) {
      throw new Error(`There are rooms in ${dataDir}: move them away, or set DATA_DIR to another.`);
    }
    mkdirSync(rooms, { recursive: true });
    renewStorageId(dataDir);
    const files = roomFiles(from);
    for (const file of files) {
      await copy(join(from, ROOMS, file), join(rooms, file));
      copyBytes(from, dataDir, file);
      renewEpoch(join(rooms, file));
    }
    for (const suffix of ['', '-wal', '-shm']) {
      rmSync(join(dataDir, `${WAKEUPS}${suffix}`), { force: true });
    }
    await copy(join(from, WAKEUPS), join(dataDir, WAKEUPS));
    return files.length;
  } finally {
    lock.release();
  }
}

function assertNothingAt(to: string): void {
  if (existsSync(to)) throw new Error(`${to} exists already: name a folder that is not there yet.`);
}

/** Files of rooms in a data folder or a backup, without SQLite's own beside them. */
export function roomFiles(folder: string): string[] {
  if (!existsSync(join(folder, ROOMS))) return [];
  return readdirSync(join(folder, ROOMS)).filter((name) => name.endsWith('.sqlite'));
}

/** @returns whether there was something; a room may have been deleted meanwhile */
async function copy(from: string, to: string): Promise<boolean> {
  if (!existsSync(from)) return false;
  try {
    const source = new DatabaseSync(from, { readOnly: true });
    try {
      await backup(source, to, { rate: ALL_PAGES });
    } finally {
      source.close();
    }
    assertSound(to);
  } catch (error) {
    throw new Error(`${from} cannot be copied (${(error as Error).message}).`, { cause: error });
  }
  return true;
}

/**
 * Copies the bytes of the files that a copied room names. Some may be gone: their messages were deleted
 * since the room was copied.
 */
function copyBytes(fromDir: string, toDir: string, roomFile: string): void {
  const folder = roomFile.replace(/\.sqlite$/, '');
  for (const key of knownKeys(join(toDir, ROOMS, roomFile))) {
    const source = join(filesFolder(fromDir), folder, key);
    const target = join(filesFolder(toDir), folder, key);
    mkdirSync(dirname(target), { recursive: true });
    try {
      copyFileSync(source, target, constants.COPYFILE_FICLONE);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

function assertSound(path: string): void {
  const database = new DatabaseSync(path);
  try {
    const [verdict] = database.prepare('PRAGMA quick_check(1)').all();
    const text = String(Object.values(verdict ?? {})[0]);
    if (text !== 'ok') throw new Error(text);
  } finally {
    database.close();
  }
}

function renewEpoch(path: string): void {
  const database = new DatabaseSync(path);
  try {
    const has = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'room'").get();
    if (has !== undefined) database.prepare('UPDATE room SET epoch = ?').run(crypto.randomUUID());
  } finally {
    database.close();
  }
}
