import { Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { startNodeHost } from '../support/hosts.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { newRoom } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

const MESSAGES = 5;

/** The argument of a socket's `_writev`; where all chunks are bytes, Node passes them bare. */
type Chunks = readonly ({ chunk: Buffer | string } | Buffer)[];

it('[SIO1] sends the answers of one flush in one write, each as a packet of its own', async () => {
  const host = await startNodeHost();
  onTestFinished(async () => {
    await host.close();
    expect(host.failures).toEqual([]);
  });
  const roomId = newRoom();
  const raw = rawSocket(`${host.url}/socket.io/?EIO=4&transport=websocket`);
  await raw.frame((frame) => frame.startsWith('0{'));
  const send = (packet: string) => raw.socket.send(packet);
  send(`40${JSON.stringify({ token: await tokenFor('alice') })}`);
  await raw.frame((frame) => frame.startsWith('40{'));
  send(`420${JSON.stringify(['joinRoom', { roomId }])}`);
  await raw.frame((frame) => frame.startsWith('430[{"ok":true'));

  const writes = vi.spyOn(
    Socket.prototype as unknown as { _writev: (chunks: Chunks) => void },
    '_writev',
  );
  onTestFinished(() => writes.mockRestore());
  atOnce(raw.socket, () => {
    for (let ref = 1; ref <= MESSAGES; ref++)
      send(`42${ref}${JSON.stringify(['message', { roomId, message: `世界 ${ref}` }])}`);
  });
  const refs = Array.from({ length: MESSAGES }, (_, at) => at + 1);
  for (const ref of refs) await raw.frame((frame) => frame.startsWith(`43${ref}[{"ok":true`));
  const answers = raw.frames.filter((frame) => /^43[1-9]/.test(frame));
  expect(answers).toHaveLength(MESSAGES);
  for (const [at, answer] of answers.entries())
    expect(JSON.parse(answer.slice(3))).toMatchObject([{ message: { message: `世界 ${at + 1}` } }]);
  const isOneWrite = writes.mock.calls.some(([chunks]) => {
    const text = chunks.map((piece) => String('chunk' in piece ? piece.chunk : piece)).join('');
    return refs.every((ref) => text.includes(`43${ref}[`));
  });
  expect(isOneWrite).toBe(true);
});

/** Sends everything that `work` sends in one write, so that the host reads it at once. */
function atOnce(socket: WebSocket, work: () => void): void {
  const stream = (socket as unknown as { _socket: Socket })._socket;
  stream.cork();
  work();
  stream.uncork();
}
