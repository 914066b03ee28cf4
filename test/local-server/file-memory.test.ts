import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { startNodeHost } from '../support/hosts.ts';
import { tokenFor } from '../support/tokens.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 25 * MIB;
/** How much more memory a file may take while it passes through. */
const MOST_BYTES = 4 * MIB;
/** Always the same bytes, so that the client takes no memory of its own. */
const PIECE = Buffer.alloc(65_536);

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Memory beside the heap that is still in use: buffers are there. In bytes. */
function buffered(): number {
  collectGarbage();
  const { arrayBuffers, external } = process.memoryUsage();
  return arrayBuffers + external;
}

it('passes a file of 25 MiB on, up and down, and holds less than 4 MiB of it at any time', async () => {
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
  // Once before it counts: code and caches are there then.
  await read(await sent(ask('POST', '/files', head)));

  const before = buffered();
  let most = 0;
  const look = () => {
    most = Math.max(most, buffered() - before);
  };
  const upload = ask('POST', '/files', head);
  const answer = await read(await sent(upload, look));
  expect(most).toBeLessThan(MOST_BYTES);
  const { fileId } = (JSON.parse(/\{.*\}/.exec(answer)?.[0] ?? '') as { file: { fileId: string } })
    .file;

  most = 0;
  const download = ask('GET', `/files/${fileId}`, 'Connection: close\r\n');
  let count = 0;
  for await (const piece of download) {
    const was = Math.floor(count / MIB);
    count += (piece as Buffer).byteLength;
    if (Math.floor(count / MIB) > was) look();
  }
  expect(count).toBeGreaterThan(FILE_BYTES);
  expect(most).toBeLessThan(MOST_BYTES);
}, 120_000);

/** Sends the body as fast as it is taken. @param look called after each MiB */
async function sent(socket: Socket, look = () => {}): Promise<Socket> {
  for (let at = 0; at < FILE_BYTES; at += PIECE.byteLength) {
    if (!socket.write(PIECE)) {
      await new Promise((resolve) => {
        socket.once('drain', resolve);
      });
    }
    if (at % MIB === 0) look();
  }
  return socket;
}

/** The answer, which is short. */
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
