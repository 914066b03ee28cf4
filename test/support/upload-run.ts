import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { knownKeys } from '../../local-server/sweep-files.ts';
import type { FileInfo, Message } from '../../src/protocol/objects.ts';
import type { Killable } from './killable.ts';
import { seeded } from './seeded.ts';
import type { StoredFiles } from './stored-files.ts';
import { tokenFor } from './tokens.ts';

export interface UploadRun {
  uploads: number;
  kills: number;
  seed: number;
  /** The size of some uploads, which exceeds the disk. */
  fullAtBytes?: number;
}

export interface UploadReport {
  stored: number;
  cut: number;
  /** Uploads answered with 503, because the disk is full. */
  full: number;
  kills: number;
  /** Blobs without a file that the sweep deleted. */
  swept: number;
}

type Outcome = 'stored' | 'cut' | 'full';

export const ROOM = 'uploads';
const MAX_BYTES = 300_000;
/** The most bytes of one upload in 20, because a store may handle long bodies in another way. */
const MAX_LONG_BYTES = 3 * 1024 * 1024;
/** Concurrent uploads. */
const AT_ONCE = 8;
/** How long a sweep may take, in milliseconds. */
const SWEEP_MS = 120_000;

/** Settings with quotas that no run reaches. */
export const NO_FILE_QUOTAS = {
  COMMAND_BURST: '1000000',
  MAX_USER_FILE_BYTES: String(2 ** 40),
  MAX_ROOM_FILE_BYTES: String(2 ** 40),
};

/**
 * Uploads files to a host that is killed now and then; some clients break off, and stored files are sent
 * in messages.
 * @param openFiles opens the host's stored files after its last kill
 * @throws Error if the sweep leaves bytes without a file, or a message names a missing file
 */
export async function uploadRun(
  host: Killable,
  openFiles: () => Promise<StoredFiles>,
  { uploads, kills, seed, fullAtBytes }: UploadRun,
): Promise<UploadReport> {
  const random = seeded(seed);
  const report: UploadReport = { stored: 0, cut: 0, full: 0, kills: 0, swept: 0 };
  let url = await host.start();
  let begun = 0;
  for (let life = 0; life <= kills; life++) {
    const until = Math.floor((uploads * (life + 1)) / (kills + 1));
    const work = Array.from({ length: AT_ONCE }, async () => {
      while (begun < until) {
        begun++;
        report[await uploadOne(url, random, fullAtBytes).catch(() => 'cut' as const)]++;
      }
    });
    if (life < kills) {
      // One of the loops has ended, and the others are in the middle of an upload.
      await Promise.race(work);
      await host.kill();
      report.kills++;
    }
    await Promise.all(work);
    if (life < kills) url = await host.start();
  }
  await host.kill();
  report.swept = await assertNothingLost(openFiles);
  return report;
}

/** @returns `stored` if the file was also sent in a message */
async function uploadOne(
  url: string,
  random: () => number,
  fullAtBytes: number | undefined,
): Promise<Outcome> {
  const isTooLong = fullAtBytes !== undefined && random() < 0.02;
  const most = random() < 0.05 ? MAX_LONG_BYTES : MAX_BYTES;
  const bytes = isTooLong ? Buffer.alloc(fullAtBytes) : randomBytes(Math.ceil(random() * most));
  const authorization = `Bearer ${await tokenFor('alice')}`;
  const isCut = random() < 0.3;
  if (isCut) {
    await cutUpload(url, authorization, bytes, Math.floor(random() * bytes.byteLength));
    return 'cut';
  }
  const answer = await fetch(`${url}/rooms/${ROOM}/files`, {
    method: 'POST',
    headers: { authorization, 'x-file-name': 'a.bin' },
    body: bytes,
  });
  if (answer.status === 503) return 'full';
  if (answer.status !== 201) return 'cut';
  const { file } = (await answer.json()) as { file: FileInfo };
  if (file.sha256 !== createHash('sha256').update(bytes).digest('hex')) {
    throw new Error('A file was stored with another digest.');
  }
  const sent = await fetch(`${url}/rooms/${ROOM}/messages`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ message: '', files: [file.fileId] }),
  });
  return sent.status === 201 ? 'stored' : 'cut';
}

/** Sends the head and `sent` bytes of the body, then breaks off. */
async function cutUpload(
  url: string,
  authorization: string,
  bytes: Uint8Array,
  sent: number,
): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const socket: Socket = connect(Number(port), hostname);
  await new Promise<void>((resolve) => {
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
    socket.write(
      `POST /rooms/${ROOM}/files HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\nX-File-Name: a\r\nContent-Length: ${bytes.byteLength}\r\n\r\n`,
    );
    socket.write(bytes.subarray(0, sent), () => socket.destroy());
  });
}

/**
 * Checks that every file in a message has its bytes, and that after a sweep all bytes have a file.
 * @returns how many blobs without a file the sweep deleted
 * @throws Error if one of these does not hold
 */
export async function assertNothingLost(openFiles: () => Promise<StoredFiles>): Promise<number> {
  const files = await openFiles();
  try {
    const orphans = await findOrphans(files);
    await files.sweep();
    await awaitSweep(files);
    const keys = [...knownKeys(files.path)];
    for (const { fileId, sha256 } of sentFiles(files.path)) {
      const key = keys.find((one) => one.endsWith(`/${fileId}`));
      const bytes = Buffer.from(await files.read(key ?? fileId));
      if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
        throw new Error(`A message names the file ${fileId}, which is missing or damaged.`);
      }
    }
    return orphans.length;
  } finally {
    await files.close();
  }
}

async function awaitSweep(files: StoredFiles): Promise<void> {
  const end = Date.now() + SWEEP_MS;
  for (;;) {
    const left = await findOrphans(files);
    if (left.length === 0) return;
    if (Date.now() > end) throw new Error(`The sweep has left ${left.length} without a file.`);
    await wait(100);
  }
}

/** The keys of bytes without a file in the room. */
async function findOrphans(files: StoredFiles): Promise<string[]> {
  const keys = await files.keys();
  // Rows are written before bytes, so a listed key without a row now is an orphan.
  const known = knownKeys(files.path);
  return keys.filter((key) => !known.has(key));
}

function sentFiles(path: string): FileInfo[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database
      .prepare('SELECT files FROM messages WHERE files IS NOT NULL')
      .all()
      .flatMap(({ files }) => JSON.parse(String(files)) as NonNullable<Message['files']>);
  } finally {
    database.close();
  }
}
