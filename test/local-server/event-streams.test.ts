import { Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { BareConnection } from '../support/bare-connection.ts';
import { startNodeHost } from '../support/hosts.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { newRoom } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

const FOLLOWERS = 20;

async function started() {
  const host = await startNodeHost();
  onTestFinished(async () => {
    await host.close();
    expect(host.failures).toEqual([]);
  });
  const roomId = newRoom();
  const writer = new HttpVisitor(host.url, await tokenFor('writer'));
  const send = (message: string) => writer.ask('POST', roomId, '/messages', { body: { message } });
  await send('the first');
  return { url: host.url, roomId, writer, send };
}

function dial(url: string): BareConnection {
  const connection = new BareConnection(url);
  onTestFinished(() => connection.destroy());
  return connection;
}

/** A GET request as text, for a stream or a poll by its Accept header. */
function asking(path: string, token: string, accept: string, version = '1.1'): string {
  return `GET ${path} HTTP/${version}\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nAccept: ${accept}\r\n\r\n`;
}

/** Decodes a chunked body (RFC 9112, section 7.1). @throws if a chunk's length is wrong */
function unchunked(body: string): { text: string; isWhole: boolean; rest: string } {
  let text = '';
  let rest = body;
  for (;;) {
    const head = /^([0-9a-f]+)\r\n/.exec(rest);
    if (head === null) throw new Error(`No chunk: ${rest}`);
    const from = head[0].length;
    const to = from + Number.parseInt(head[1] ?? '', 16);
    if (rest.slice(to, to + 2) !== '\r\n') throw new Error(`A wrong length: ${rest}`);
    text += rest.slice(from, to);
    rest = rest.slice(to + 2);
    if (to === from || rest === '') return { text, isWhole: to === from, rest };
  }
}

const STREAM = 'text/event-stream';

it('writes the same buffer to every follower of a room', async () => {
  const { url, roomId, send } = await started();
  const followers = await Promise.all(
    Array.from({ length: FOLLOWERS }, async (_, at) =>
      new HttpVisitor(url, await tokenFor(`follower ${at}`)).follow(roomId),
    ),
  );
  const write = vi.spyOn(Socket.prototype, 'write');
  onTestFinished(() => write.mockRestore());
  await send('世界 שלום');
  for (const follower of followers)
    await follower.hears('message', ({ message }) => message === '世界 שלום');
  const written = write.mock.calls
    .map(([data]) => data as unknown)
    .filter((data) => Buffer.isBuffer(data) && data.includes('event: message'));
  expect(written).toHaveLength(FOLLOWERS);
  expect(new Set(written).size).toBe(1);
  await Promise.all(followers.map((follower) => follower.close()));
});

it('[FOLL5] ends a stream so that its connection can serve the next request', async () => {
  const { url, roomId, writer, send } = await started();
  const reader = dial(url);
  reader.write(asking(`/rooms/${roomId}/events`, await tokenFor('reader'), STREAM));
  await reader.until(/\r\n\r\n[^]*id: /);
  await send('the second');
  await reader.until(/the second/);
  await writer.ask('PUT', roomId, '/bans/reader');
  await reader.until(/\r\n0\r\n\r\n/);
  const { text, isWhole } = unchunked(reader.text.slice(reader.text.indexOf('\r\n\r\n') + 4));
  expect(isWhole).toBe(true);
  expect(text).toMatch(/^id: \S+\n\nid: \S+\nevent: message\ndata: .*the second.*\n\n/);
  expect(text).toMatch(/event: roomClosed\ndata: .*"closeCode":4502.*\n\n$/);
  reader.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await reader.until(/\r\n0\r\n\r\nHTTP\/1\.1 200 [^]*"ok":true/);
});

it('sends a stream without chunks to a client of HTTP/1.0', async () => {
  const { url, roomId, send } = await started();
  const reader = dial(url);
  reader.write(asking(`/rooms/${roomId}/events?since=0:0`, await tokenFor('old'), STREAM, '1.0'));
  await reader.until(/the first[^]*\n\nid: /);
  await send('the second');
  await reader.until(/the second.*\n\n/);
  expect(reader.text.slice(reader.text.indexOf('\r\n\r\n') + 4)).not.toContain('\r\n');
  expect(reader.text).not.toMatch(/transfer-encoding/i);
});

it('sends a stream that was pipelined after a poll once the poll is answered', async () => {
  const { url, roomId, send } = await started();
  const token = await tokenFor('reader');
  const { position } = await new HttpVisitor(url, token).poll(roomId);
  const reader = dial(url);
  reader.write(
    asking(`/rooms/${roomId}/events?since=${position}`, token, 'application/json') +
      asking(`/rooms/${roomId}/events?since=0:0`, token, STREAM),
  );
  await send('the second');
  await reader.until(/"events":[^]*HTTP\/1\.1 200 [^]*the first[^]*the second/);
  await send('the third');
  await reader.until(/event: message\ndata: .*the third.*\n\n/);
  const stream = reader.text.slice(reader.text.lastIndexOf('HTTP/1.1 200'));
  const { text } = unchunked(stream.slice(stream.indexOf('\r\n\r\n') + 4));
  expect([...text.matchAll(/"message":"(.*?)"/g)].map(([, said]) => said)).toEqual([
    'the first',
    'the second',
    'the third',
  ]);
});
