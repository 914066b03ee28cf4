import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { startNodeHost } from '../support/hosts.ts';
import { tokenFor } from '../support/tokens.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 25 * MIB;
/** How much memory a file may take while it is uploaded or downloaded. */
const MOST_BYTES = 4 * MIB;
/** The same while a room is exported or imported: a line is 1.4 MB, and is held in several forms. */
const MOST_TRANSFER_BYTES = 24 * MIB;
/** The client sends this buffer again and again, so that it takes no memory of its own. */
const PIECE = Buffer.alloc(65_536);

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Memory in use outside the heap, where buffers are, in bytes. */
function buffered(): number {
  collectGarbage();
  const { arrayBuffers, external } = process.memoryUsage();
  return arrayBuffers + external;
}

/** Memory in use, in bytes, with the heap, which holds the lines of an export as strings. */
function held(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

it('the host takes and serves a file of 25 MiB with less than 4 MiB of it in memory', async () => {
  const host = await startNodeHost();
  onTestFinished(() => host.close());
  const { hostname, port } = new URL(host.url);
  const authorization = `Bearer ${await tokenFor('alice')}`;
  const ask = (method: string, path: string, headers: string) => {
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    socket.write(
      `${method} /rooms/general${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: ${authorization}\r\n${headers}\r\n`,
    );
    return socket;
  };
  const head = `X-File-Name: a\r\nContent-Length: ${FILE_BYTES}\r\n`;
  // A first run, not measured, loads code and fills caches.
  await read(await sent(ask('POST', '/files', head)));

  const before = buffered();
  let samples: number[] = [];
  const sample = () => void samples.push(buffered() - before);
  const upload = ask('POST', '/files', head);
  const answer = await read(await sent(upload, sample));
  expect(sustained(samples)).toBeLessThan(MOST_BYTES);
  const { fileId } = (JSON.parse(/\{.*\}/.exec(answer)?.[0] ?? '') as { file: { fileId: string } })
    .file;

  samples = [];
  const download = ask('GET', `/files/${fileId}`, 'Connection: close\r\n');
  let count = 0;
  for await (const piece of download) {
    const was = Math.floor(count / MIB);
    count += (piece as Buffer).byteLength;
    if (Math.floor(count / MIB) > was) sample();
  }
  expect(count).toBeGreaterThan(FILE_BYTES);
  expect(sustained(samples)).toBeLessThan(MOST_BYTES);
});

it('[FILE16] the host exports and imports a file of 25 MiB with a few pieces of it in memory', async () => {
  const host = await startNodeHost();
  onTestFinished(() => host.close());
  const { hostname, port } = new URL(host.url);
  const authorization = `Bearer ${await tokenFor('admin', { admin: true })}`;
  const ask = (request: string, headers = '') => {
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    socket.write(
      `${request} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: ${authorization}\r\nConnection: close\r\n${headers}\r\n`,
    );
    return socket;
  };
  const importing = async (roomId: string, lines: readonly Buffer[], sample: () => void) => {
    const length = lines.reduce((sum, line) => sum + line.length, 0);
    const head = `Content-Type: application/x-ndjson\r\nContent-Length: ${length}\r\n`;
    const socket = ask(`POST /rooms/${roomId}/import`, head);
    for (const line of lines) {
      if (!socket.write(line)) await once(socket, 'drain');
      sample();
    }
    expect(await read(socket)).toContain('"done":true');
  };
  const exporting = async (roomId: string, sample: () => void) => {
    let count = 0;
    for await (const piece of ask(`GET /rooms/${roomId}/export?files=1`)) {
      const was = Math.floor(count / MIB);
      count += (piece as Buffer).byteLength;
      if (Math.floor(count / MIB) > was) sample();
    }
    return count;
  };
  // A first run, not measured, loads code and fills caches.
  await importing('first', linesOfImport(2 * MIB), () => {});
  await exporting('first', () => {});

  const lines = linesOfImport(FILE_BYTES);
  const before = held();
  const samples: number[] = [];
  let steps = 0;
  const sample = () => {
    if (++steps % 3 === 0) samples.push(held() - before);
  };
  await importing('second', lines, sample);
  expect(await exporting('second', sample)).toBeGreaterThan(FILE_BYTES);
  expect(sustained(samples)).toBeLessThan(MOST_TRANSFER_BYTES);
});

/** The most that three samples in a row all reached: freed buffers may still be counted for a moment. */
function sustained(samples: readonly number[]): number {
  return Math.max(...samples.slice(2).map((_, at) => Math.min(...samples.slice(at, at + 3))));
}

/** The lines of an export with one message and its file of `size` zero bytes. */
function linesOfImport(size: number): Buffer[] {
  const sha256 = createHash('sha256').update(Buffer.alloc(size)).digest('hex');
  const about = { fileId: 'f', size, sha256 };
  const bytes = Buffer.alloc(MIB).toString('base64url');
  const type = 'application/octet-stream';
  const files = [{ ...about, name: 'a', type }];
  const message = { seq: 1, rev: 1, id: 'a', senderId: 'alice', sender: 'alice', timestamp: 1 };
  const room = { topic: null, private: false, readOnly: false, slowModeSeconds: 0 };
  const end = { rev: 1, horizon: 0, createdAt: 1, changedAt: 1, owned: false, retentionDays: null };
  return [
    { type: 'export', version: 1, roomId: 'a' },
    ...Array.from({ length: size / MIB }, (_, at) => ({
      type: 'file',
      ...about,
      at: at * MIB,
      bytes,
    })),
    { type: 'message', ...message, message: 'look', files },
    { type: 'end', ...room, ...end },
  ].map((line) => Buffer.from(`${JSON.stringify(line)}\n`));
}

/** Sends the body as fast as it is taken. @param sample called after each MiB */
async function sent(socket: Socket, sample = () => {}): Promise<Socket> {
  for (let at = 0; at < FILE_BYTES; at += PIECE.byteLength) {
    if (!socket.write(PIECE)) {
      await new Promise((resolve) => {
        socket.once('drain', resolve);
      });
    }
    if (at % MIB === 0) sample();
  }
  return socket;
}

/** The first piece of the answer, which is short enough to be all of it. */
async function read(socket: Socket): Promise<string> {
  const [data] = await Promise.race([
    new Promise<[Buffer]>((resolve) => {
      socket.once('data', (piece: Buffer) => resolve([piece]));
    }),
    new Promise<never>((_, reject) => {
      socket.once('error', reject);
    }),
  ]);
  return data.toString();
}
