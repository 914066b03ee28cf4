import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';

/** How long a file stays locked, in milliseconds. */
const LOCKED_MS = 300;

const HOLD = `
const { parentPort, workerData } = require('node:worker_threads');
const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync(workerData.path);
database.exec(workerData.lock);
database.prepare('SELECT * FROM numbers').all();
parentPort.postMessage('locked');
setTimeout(() => database.close(), ${LOCKED_MS});
`;

/**
 * Makes a database with the table `numbers`, not in WAL mode, and locks it for 300 ms as another process
 * would: `BEGIN` and a read prevent writing, `BEGIN EXCLUSIVE` also reading. Resolves once it is locked.
 */
export async function lockFile(path: string, lock: 'BEGIN' | 'BEGIN EXCLUSIVE'): Promise<Worker> {
  mkdirSync(dirname(path), { recursive: true });
  const made = new DatabaseSync(path);
  made.exec('CREATE TABLE numbers (n INTEGER)');
  made.close();
  const worker = new Worker(HOLD, { eval: true, workerData: { path, lock } });
  await once(worker, 'message');
  return worker;
}
