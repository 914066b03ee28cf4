import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type RoomRoute, roomRoutes } from '../../src/transports/http/room-routes.ts';
import type { HostName } from '../../src/settings/declarations.ts';
import { BareConnection, frameOf, upgradeRequest } from '../support/bare-connection.ts';
import { type Answered, ask, problemOf } from '../support/http-client.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

const hosts = useHosts();

/** Text as bytes that are not UTF-8: in Latin-1, é is the single byte E9. */
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const NOT_UTF8 = { code: 'invalid_payload', message: 'body must be UTF-8.', field: 'body' };
const COMPRESSED = {
  code: 'invalid_payload',
  message: 'Send the body uncompressed, without Content-Encoding.',
};

const bodyRoutes = roomRoutes.filter(({ body }) => body !== 'none');

function addressOf({ path }: Pick<RoomRoute, 'path'>, roomId: string): string {
  return `/rooms/${roomId}${path.replace(':seq', '1').replace(':userId', 'bob')}`;
}

describe.each<HostName>(['node', 'edge'])('a body at the %s host', (name) => {
  const send = async (
    path: string,
    body: Buffer,
    { method = 'POST', ...headers }: Record<string, string> & { method?: string } = {},
  ): Promise<Answered> =>
    ask(hosts[name].url, path, {
      method,
      body,
      headers: {
        authorization: `Bearer ${await tokenFor('alice', { admin: true })}`,
        'content-type': 'application/json',
        ...headers,
      },
    });

  const isEmpty = async (roomId: string) => {
    const { text } = await send(`/rooms/${roomId}`, Buffer.alloc(0), { method: 'GET' });
    return (JSON.parse(text) as { room: { createdAt: number } }).room.createdAt === 0;
  };

  it.each([
    ...bodyRoutes.map((route) => ({ method: route.method, path: addressOf(route, '') })),
    { method: 'POST', path: '/rooms//import' },
  ])('[HTTP4] of $method $path is refused when it is not UTF-8, or compressed', async (route) => {
    const roomId = newRoom('bytes');
    const path = route.path.replace('/rooms/', `/rooms/${roomId}`);
    const type = path.endsWith('/import') ? 'application/x-ndjson' : 'application/json';
    const text = '{"message":"café","topic":"café","note":"café","role":"member","readUpTo":1}';
    const headers = { method: route.method, 'content-type': type };
    const utf8 = Buffer.from(text);
    const cases: [what: string, answered: Answered, status: number, problem: object][] = [
      ['Latin-1', await send(path, latin1(text), headers), 400, NOT_UTF8],
      [
        'a charset',
        await send(path, utf8, { ...headers, 'content-type': `${type}; charset=iso-8859-1` }),
        400,
        NOT_UTF8,
      ],
      [
        'gzip',
        await send(path, gzipSync(utf8), { ...headers, 'content-encoding': 'gzip' }),
        415,
        COMPRESSED,
      ],
    ];
    for (const [what, answered, status, problem] of cases) {
      expect([what, answered.status, problemOf(answered)]).toEqual([what, status, problem]);
    }
    expect(cases[2]?.[1].headers['accept-encoding']).toBe('identity');
    expect(await isEmpty(roomId)).toBe(true);
  });

  it('[HTTP4] is accepted in UTF-8 however that is spelled, with or without a byte order mark', async () => {
    const path = `/rooms/${newRoom()}/messages`;
    const body = Buffer.from('{"message":"café"}');
    for (const type of ['charset=utf-8', 'charset=UTF8', 'charset="Utf-8"', 'version=1']) {
      const headers = { 'content-type': `application/json; ${type}` };
      const answered = await send(path, body, headers);
      expect([type, answered.status]).toEqual([type, 201]);
      expect(answered.text).toContain('café');
    }
    const marked = Buffer.concat([Buffer.from('\uFEFF'), body]);
    expect((await send(path, marked, { 'content-encoding': 'identity' })).status).toBe(201);
  });

  it('[HTTP4] of Socket.IO polling is refused when it is not UTF-8, or compressed, and ends its session', async () => {
    const { url } = hosts[name];
    const token = await tokenFor('alice');
    const roomId = newRoom();
    const message = `42["message",{"roomId":"${roomId}","message":"café"}]`;
    const bodies: [sentence: string, body: Buffer, headers: Record<string, string>][] = [
      [NOT_UTF8.message, latin1(message), {}],
      [NOT_UTF8.message, Buffer.from(message), { 'content-type': 'text/plain; charset=latin1' }],
      [COMPRESSED.message, gzipSync(message), { 'content-encoding': 'gzip' }],
    ];
    for (const [sentence, body, headers] of bodies) {
      const opened = await ask(url, '/socket.io/?EIO=4&transport=polling');
      const { sid } = JSON.parse(opened.text.slice(1)) as { sid: string };
      const path = `/socket.io/?EIO=4&transport=polling&sid=${sid}`;
      const post = (data: string | Buffer, more = {}) =>
        ask(url, path, {
          method: 'POST',
          body: data,
          headers: { 'content-type': 'text/plain;charset=UTF-8', ...more },
        });
      expect((await post(`40${JSON.stringify({ token })}`)).text).toBe('ok');
      expect((await ask(url, path)).text).toMatch(/^40/);
      expect((await post(`421["joinRoom",{"roomId":"${roomId}"}]`)).text).toBe('ok');
      expect((await ask(url, path)).text).toContain('431[{"ok":true');
      const refused = await post(body, headers);
      expect([refused.status, refused.json()]).toEqual([400, { code: 3, message: sentence }]);
      const polled = await ask(url, path);
      expect([polled.status, polled.json()]).toEqual([
        400,
        { code: 1, message: 'Session ID unknown' },
      ]);
    }
    expect(await isEmpty(roomId)).toBe(true);
  });

  it('may arrive by Socket.IO polling with a character split over two chunks', async () => {
    const { url } = hosts[name];
    const opened = await ask(url, '/socket.io/?EIO=4&transport=polling');
    const { sid } = JSON.parse(opened.text.slice(1)) as { sid: string };
    const packet = Buffer.from(
      `40${JSON.stringify({ token: await tokenFor('alice') })}\u001e42["é"]`,
    );
    const cut = packet.indexOf(0xa9);
    const connection = new BareConnection(url);
    connection.write(
      `POST /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\n` +
        `Host: ${new URL(url).host}\r\nExpect: 100-continue\r\nContent-Length: ${packet.length}\r\n\r\n`,
    );
    // With 100 Continue the host has read the head, so that the parts of the body arrive separately.
    if (name === 'node') await connection.until(/^HTTP\/1\.1 100 /);
    connection.write(packet.subarray(0, cut));
    await new Promise((resolve) => setImmediate(resolve));
    connection.write(packet.subarray(cut));
    await connection.until(/HTTP\/1\.1 200 [^]*\r\n\r\nok/);
    expect(connection.text).not.toContain('400');
    connection.destroy();
  });
});

// Not at the edge, where the runtime decodes frames and replaces invalid UTF-8 with U+FFFD.
it('[WIRE4] a text frame that is not UTF-8 closes a WebSocket of the node host, and nothing is stored', async () => {
  const { url } = hosts.node;
  const roomId = newRoom();
  const token = await tokenFor('alice');
  const authorization = `Bearer ${token}`;
  const native = new BareConnection(url);
  native.write(upgradeRequest(`/rooms/${roomId}/ws`, { Authorization: authorization }));
  await native.until(/"joined"/);
  native.write(frameOf({ opcode: 1, payload: latin1('["message",{"message":"café"},1]') }));
  const socketIo = new BareConnection(url);
  socketIo.write(upgradeRequest('/socket.io/?EIO=4&transport=websocket'));
  await socketIo.until(/"sid"/);
  socketIo.write(frameOf({ opcode: 1, payload: `40${JSON.stringify({ token })}` }));
  await socketIo.until(/40\{"sid"/);
  const message = `42["message",{"roomId":"${roomId}","message":"café"}]`;
  socketIo.write(frameOf({ opcode: 1, payload: latin1(message) }));
  await Promise.all([native.ended(), socketIo.ended()]);
  // A Close frame with code 1007, invalid payload data.
  for (const { text } of [native, socketIo])
    expect(text.slice(-4)).toBe('\u0088\u0002\u0003\u00ef');
  const { text } = await ask(url, `/rooms/${roomId}/messages`, { headers: { authorization } });
  expect(JSON.parse(text)).toMatchObject({ messages: [] });
});
