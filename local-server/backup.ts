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
import { BUSY_MS } from './sqlite-file.ts';
import { renewStorageId } from './storage-id.ts';

/** Folders of a backup, which also holds the bytes of rooms' files and the files of `SINGLE`. */
const ROOMS = 'rooms';
const INBOXES = 'inboxes';
/** Files of which there is one: when rooms are to be woken, and how far the outgoing webhook has come. */
const SINGLE = ['wakeups.sqlite', 'hook.sqlite'];

/** All pages in one step: a write during a step restarts it, and a busy room would never end. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * Copies all rooms and inboxes of a data folder, which may be in use: each file as it was at one
 * moment. The folder `to` appears when it is complete.
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
    await copySingle(dataDir, partial);
    await copyInboxes(dataDir, partial);
    renameSync(partial, to);
    return count;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/**
 * Restores a backup into a data folder without rooms. Every room gets a new epoch, also one that is not
 * in the backup: clients have seen changes after the backup, and their positions must not be taken for
 * positions in the room's new history.
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
    for (const file of SINGLE.flatMap((name) => [name, `${name}-wal`, `${name}-shm`])) {
      rmSync(join(dataDir, file), { force: true });
    }
    await copySingle(from, dataDir);
    rmSync(join(dataDir, INBOXES), { recursive: true, force: true });
    for (const path of await copyInboxes(from, dataDir)) renewInboxEpochs(path);
    return files.length;
  } finally {
    lock.release();
  }
}

function assertNothingAt(to: string): void {
  if (existsSync(to)) throw new Error(`${to} exists already: name a folder that is not there yet.`);
}

/** Names of the rooms' files in a data folder or a backup, without SQLite's `-wal` and `-shm` files. */
export function roomFiles(folder: string): string[] {
  return filesIn(join(folder, ROOMS));
}

/** The same for inboxes. */
export function inboxFiles(folder: string): string[] {
  return filesIn(join(folder, INBOXES));
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => name.endsWith('.sqlite'));
}

async function copySingle(from: string, to: string): Promise<void> {
  for (const file of SINGLE) await copy(join(from, file), join(to, file));
}

/** @returns the paths of the copies */
async function copyInboxes(from: string, to: string): Promise<string[]> {
  const files = inboxFiles(from);
  if (files.length > 0) mkdirSync(join(to, INBOXES), { recursive: true });
  for (const file of files) await copy(join(from, INBOXES, file), join(to, INBOXES, file));
  return files.map((file) => join(to, INBOXES, file));
}

/** @returns whether there was a file; the room may have been deleted since it was listed */
async function copy(from: string, to: string): Promise<boolean> {
  if (!existsSync(from)) return false;
  try {
    const source = new DatabaseSync(from, { readOnly: true, timeout: BUSY_MS });
    try {
      await backup(source, to, { rate: ALL_PAGES });
    } finally {
      source.close();
    }
    makePlain(to);
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

/**
 * Makes a copy a file of which SQLite needs no other beside it, so that a backup can be read where nothing
 * can be written. Hosts that open it change that themselves.
 * @throws Error if it is damaged
 */
function makePlain(path: string): void {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA journal_mode = DELETE');
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
    // The inboxes of the backup were copied at another moment: each is sent the full state again.
    if (hasTable(database, 'told'))
      database.exec('UPDATE told SET state = NULL, unread = 0, due = 0');
  } finally {
    database.close();
  }
}

function renewInboxEpochs(path: string): void {
  const database = new DatabaseSync(path);
  try {
    if (!hasTable(database, 'inboxes')) return;
    const renew = database.prepare('UPDATE inboxes SET epoch = ? WHERE user_id = ?');
    for (const { user_id: userId } of database.prepare('SELECT user_id FROM inboxes').all()) {
      renew.run(crypto.randomUUID(), userId!);
    }
  } finally {
    database.close();
  }
}

function hasTable(database: DatabaseSync, name: string): boolean {
  const query = 'SELECT 1 FROM sqlite_master WHERE name = ?';
  return database.prepare(query).get(name) !== undefined;
}
