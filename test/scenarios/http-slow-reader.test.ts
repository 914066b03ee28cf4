import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/protocol/objects.ts';
import type { HostName } from '../../src/settings/declarations.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

/** Together larger than the network buffers between two sockets of one machine. */
const MESSAGES = 60;
const TEXT = 'x'.repeat(240 * 1024);

const hosts = useHosts({
  MAX_FRAME_BYTES: String(1024 * 1024),
  MAX_MESSAGE_BYTES: String(256 * 1024),
  MAX_UNSENT_BYTES: String(64 * 1024),
});

describe.each<HostName>(['node', 'edge'])('a stream at the %s host', (name) => {
  it('[FOLL5] ends for a reader who does not read, and resumes at the last position read', async () => {
    const { url } = hosts[name];
    const roomId = newRoom();
    const writer = new HttpVisitor(url, await tokenFor('writer'));
    const token = await tokenFor('reader');
    const slow = await openUnread(url, roomId, token);
    const said: Message[] = [];
    for (let at = 0; at < MESSAGES; at++) {
      const sent = await writer.ask('POST', roomId, '/messages', { body: { message: TEXT } });
      said.push((sent.body as { message: Message }).message);
    }
    // Only now the client reads: the events sent before it fell behind, then `roomClosed`.
    const text = await readToEnd(slow);
    const ids = [...text.matchAll(/^id: (\S+)$/gm)].map(([, id]) => id);
    expect(text.slice(-300)).toContain('event: roomClosed\ndata: ');
    expect(text.slice(-300)).toContain('"closeCode":4001');
    expect(ids.length).toBeLessThan(MESSAGES);

    const lastEventId = ids.at(-1)!;
    const from = Number(lastEventId.split(':')[1]);
    const reader = await new HttpVisitor(url, token).follow(roomId, { lastEventId });
    await reader.hears('message', ({ seq }) => seq === MESSAGES);
    expect(reader.named('message').map(({ seq }) => seq)).toEqual(
      said.slice(from).map(({ seq }) => seq),
    );
    await reader.close();
  });
});

/** Opens a stream over a socket of its own, and does not read it beyond what Node has buffered. */
async function openUnread(url: string, roomId: string, token: string): Promise<Socket> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(
    `GET /rooms/${roomId}/events HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n`,
  );
  await once(socket, 'readable');
  return socket;
}

async function readToEnd(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  // Removes the lengths of the chunks, which stand on lines of their own.
  return text.replaceAll(/\r\n[0-9a-f]+\r\n/g, '');
}
