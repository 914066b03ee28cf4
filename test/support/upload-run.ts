import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { DiskBlobStore } from '../../local-server/disk-blob-store.ts';
import { roomPath } from '../../local-server/node-rooms.ts';
import { filesFolder, knownKeys, sweepFiles } from '../../local-server/sweep-files.ts';
import { folderOf } from '../../src/files/delete-files.ts';
import type { FileInfo, Message } from '../../src/protocol/objects.ts';
import type { Killable } from './killable.ts';
import { seeded } from './seeded.ts';
import { tokenFor } from './tokens.ts';

export interface UploadRun {
  uploads: number;
  kills: number;
  seed: number;
}

export interface UploadReport {
  stored: number;
  cut: number;
  kills: number;
}

export const ROOM = 'uploads';
const MAX_BYTES = 300_000;
/** Uploads that run at the same time. */
const AT_ONCE = 8;
const DAY_MS = 86_400_000;

/** Quotas that such a run does not reach. */
export const NO_FILE_QUOTAS = {
  COMMAND_BURST: '1000000',
  MAX_USER_FILE_BYTES: String(2 ** 40),
  MAX_ROOM_FILE_BYTES: String(2 ** 40),
};

/**
 * Uploads to a host whose clients break off and which is killed now and then, and sends what was stored.
 * @param dataDir where the host keeps its data
 * @throws Error for bytes that no row is for, or a message that names a missing file
 */
export async function uploadRun(
  host: Killable,
  dataDir: string,
  { uploads, kills, seed }: UploadRun,
): Promise<UploadReport> {
  const random = seeded(seed);
  const report: UploadReport = { stored: 0, cut: 0, kills: 0 };
  let url = await host.start();
  let begun = 0;
  for (let life = 0; life <= kills; life++) {
    const until = Math.floor((uploads * (life + 1)) / (kills + 1));
    const work = Array.from({ length: AT_ONCE }, async () => {
      while (begun < until) {
        begun++;
        const isStored = await uploadOne(url, random).catch(() => false);
        report[isStored ? 'stored' : 'cut']++;
      }
    });
    if (life < kills) {
      // In the middle of what the others do.
      await Promise.race(work);
      await host.kill();
      report.kills++;
    }
    await Promise.all(work);
    if (life < kills) url = await host.start();
  }
  await host.kill();
  await assertNothingLost(dataDir);
  return report;
}

/** @returns whether it was stored and sent */
async function uploadOne(url: string, random: () => number): Promise<boolean> {
  const bytes = randomBytes(Math.ceil(random() * MAX_BYTES));
  const authorization = `Bearer ${await tokenFor('alice')}`;
  const isCut = random() < 0.3;
  if (isCut) {
    await cutUpload(url, authorization, bytes, Math.floor(random() * bytes.byteLength));
    return false;
  }
  const answer = await fetch(`${url}/rooms/${ROOM}/files`, {
    method: 'POST',
    headers: { authorization, 'x-file-name': 'a.bin' },
    body: bytes,
  });
  if (answer.status !== 201) return false;
  const { file } = (await answer.json()) as { file: FileInfo };
  if (file.sha256 !== createHash('sha256').update(bytes).digest('hex')) {
    throw new Error('A file was stored with another digest.');
  }
  const sent = await fetch(`${url}/rooms/${ROOM}/messages`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ message: '', files: [file.fileId] }),
  });
  return sent.status === 201;
}

/** Sends the head and some bytes of the body, then breaks off. */
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

/** Bytes have a row, rows of messages have their bytes, and a sweep takes nothing that is needed. */
export async function assertNothingLost(dataDir: string): Promise<void> {
  const path = roomPath(dataDir, ROOM);
  if (!existsSync(path)) throw new Error('Nothing was ever stored.');
  const store = new DiskBlobStore(filesFolder(dataDir));
  await store.removePartials(Date.now() + 3 * DAY_MS);
  if ((await sweepFiles(dataDir, store, Date.now() + 3 * DAY_MS)) > 0) {
    throw new Error('There were bytes that the room knew nothing of.');
  }
  const folder = await folderOf(ROOM);
  const known = knownKeys(path);
  const keyOf = (fileId: string) => [...known].find((key) => key.endsWith(`/${fileId}`));
  for (const { fileId, sha256 } of sentFiles(path)) {
    const key = keyOf(fileId);
    const body = key === undefined ? undefined : await store.get(`${folder}/${key}`);
    const bytes = Buffer.from(await new Response(body ?? '').arrayBuffer());
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
      throw new Error(`A message names the file ${fileId}, which is missing or damaged.`);
    }
  }
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
