import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { FileInfo } from '../../src/protocol/objects.ts';
import { type Answered, ask } from '../support/http-client.ts';
import { newRoom, open, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';
import { transportsOf } from '../support/transports.ts';
import { ok, refusal } from '../support/visitor.ts';

const MIB = 1024 * 1024;

const hosts = useHosts({
  FILE_ACCESS_MS: '0',
  MAX_USER_FILE_BYTES: String(8 * MIB),
  CLIENT_URL: 'https://app.example.com',
});

/** The header of a PNG of 3 × 2 pixels. */
const PNG = Buffer.from(
  '89504e470d0a1a0a0000000d49484452000000030000000208020000001216f14d0000000049454e44ae426082',
  'hex',
);

interface Reading {
  userId?: string;
  method?: string;
  headers?: Record<string, string>;
  token?: string;
}

interface Sending {
  name?: string;
  headers?: Record<string, string>;
  userId?: string;
}

describe.concurrent.each(['node', 'edge'] as const)('on the %s host', (host) => {
  const at = (roomId: string, path: string) =>
    `${hosts[host].url}/rooms/${encodeURIComponent(roomId)}${path}`;

  async function bearer(userId: string) {
    return { authorization: `Bearer ${await tokenFor(userId)}` };
  }

  async function send(
    roomId: string,
    body: string | Uint8Array<ArrayBuffer>,
    about: Sending = {},
  ): Promise<Answered> {
    const { name = 'a.bin', userId = 'alice', headers = {} } = about;
    return post(roomId, body, {
      ...(await bearer(userId)),
      'x-file-name': encodeURIComponent(name),
      ...headers,
    });
  }

  /** Posts over a connection of its own, since a host that refuses a body unread may close it. */
  function post(
    roomId: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string>,
  ): Promise<Answered> {
    const { pathname } = new URL(at(roomId, '/files'));
    return ask(hosts[host].url, pathname, { method: 'POST', headers, body: Buffer.from(body) });
  }

  async function upload(
    roomId: string,
    body: string | Uint8Array<ArrayBuffer>,
    about: Sending = {},
  ): Promise<FileInfo> {
    const response = await send(roomId, body, about);
    expect(response.status).toBe(201);
    return (response.json() as { file: FileInfo }).file;
  }

  /** Sends a message over HTTP. */
  async function say(roomId: string, payload: object, userId = 'alice'): Promise<Response> {
    return fetch(at(roomId, '/messages'), {
      method: 'POST',
      headers: { ...(await bearer(userId)), 'content-type': 'application/json' },
      body: JSON.stringify(payload),
    });
  }

  /** Uploads a file and sends it in a message. */
  async function sent(
    roomId: string,
    body: string | Uint8Array<ArrayBuffer>,
    about?: Sending,
  ): Promise<FileInfo> {
    const file = await upload(roomId, body, about);
    expect((await say(roomId, { message: '', files: [file.fileId] })).status).toBe(201);
    return file;
  }

  async function fileToken(roomId: string, userId: string): Promise<string> {
    const response = await fetch(at(roomId, '/file-token'), { headers: await bearer(userId) });
    return ((await response.json()) as { fileToken: string }).fileToken;
  }

  async function read(
    roomId: string,
    fileId: string,
    { userId = 'bob', method = 'GET', headers = {}, token = '' }: Reading = {},
  ): Promise<Response> {
    const t = token === '' ? await fileToken(roomId, userId) : token;
    return fetch(at(roomId, `/files/${fileId}?t=${t}`), { method, headers });
  }

  async function codeOf(response: { json(): unknown }): Promise<string> {
    return ((await response.json()) as { error: { code: string } }).error.code;
  }

  it('[HTTP3] an empty token in the address of a file counts as none', async () => {
    const roomId = newRoom();
    const file = await sent(roomId, 'hello');
    const address = at(roomId, `/files/${file.fileId}?t=`);
    expect((await fetch(address, { headers: await bearer('bob') })).status).toBe(200);
  });

  it('[FILE9] stores a file unchanged, and returns its type, size, digest and pixels', async () => {
    const roomId = newRoom();
    const bytes = new Uint8Array(randomBytes(300_000));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const digest = `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`;
    const file = await sent(roomId, bytes, {
      name: '照片 שלום.bin',
      headers: { 'content-digest': digest, 'content-type': 'text/html' },
    });
    const type = 'application/octet-stream';
    expect(file).toEqual({
      fileId: expect.any(String),
      name: '照片 שלום.bin',
      type,
      size: 300_000,
      sha256,
    });
    const answer = await read(roomId, file.fileId);
    expect(Buffer.from(await answer.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true);

    const picture = await upload(roomId, new Uint8Array(PNG), { name: 'a.txt' });
    expect(picture).toMatchObject({ type: 'image/png', width: 3, height: 2 });
    const empty = await upload(roomId, new Uint8Array(0));
    expect(empty).toMatchObject({ size: 0 });
  });

  it('[FILE9] refuses a body whose length or digest differs from its headers', async () => {
    const roomId = newRoom();
    const digest = `sha-256=:${Buffer.alloc(32).toString('base64')}:`;
    const wrong = await send(roomId, 'hello', { headers: { 'content-digest': digest } });
    expect([wrong.status, await codeOf(wrong)]).toEqual([400, 'invalid_payload']);
    const named = { ...(await bearer('alice')), 'x-file-name': 'a' };
    const chunked = await post(roomId, 'hello', { ...named, 'transfer-encoding': 'chunked' });
    expect(chunked.status).toBe(411);
    expect(chunked.json()).toMatchObject({
      error: { message: expect.stringContaining('Content-Length') },
    });
    const nameless = await post(roomId, 'hello', await bearer('alice'));
    expect([nameless.status, await codeOf(nameless)]).toEqual([400, 'invalid_payload']);
    const zipped = await send(roomId, 'hello', { headers: { 'content-encoding': 'gzip' } });
    expect(zipped.status).toBe(415);
  });

  it('[FILE6] refuses a file that is too big before its body is sent', async () => {
    const roomId = newRoom();
    const { hostname, port } = new URL(hosts[host].url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      socket.on('error', reject);
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString());
      });
      void bearer('alice').then(({ authorization }) =>
        socket.write(
          `POST /rooms/${roomId}/files HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: ${authorization}\r\nX-File-Name: a\r\nContent-Length: ${2 ** 30}\r\n\r\nx`,
        ),
      );
    });
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('[FILE10] answers ranges, and requests for what the client has already', async () => {
    const roomId = newRoom();
    const { fileId, sha256 } = await sent(roomId, 'abcdefghij');
    const part = async (range: string, more = {}) => {
      const answer = await read(roomId, fileId, { headers: { range, ...more } });
      return [answer.status, answer.headers.get('content-range'), await answer.text()];
    };
    expect(await part('bytes=2-4')).toEqual([206, 'bytes 2-4/10', 'cde']);
    expect(await part('bytes=-3')).toEqual([206, 'bytes 7-9/10', 'hij']);
    expect(await part('bytes=8-99')).toEqual([206, 'bytes 8-9/10', 'ij']);
    expect(await part('bytes=10-')).toEqual([416, 'bytes */10', '']);
    expect(await part('bytes=0-1,3-4')).toEqual([200, null, 'abcdefghij']);
    expect(await part('bytes=2-4', { 'if-range': `"${sha256}"` })).toEqual([
      206,
      'bytes 2-4/10',
      'cde',
    ]);
    expect(await part('bytes=2-4', { 'if-range': '"other"' })).toEqual([200, null, 'abcdefghij']);
    const known = await read(roomId, fileId, { headers: { 'if-none-match': `W/"${sha256}"` } });
    expect([known.status, await known.text()]).toEqual([304, '']);
    const head = await read(roomId, fileId, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '10']);
  });

  it('[FILE11] sends files with headers that keep them from running anything', async () => {
    const roomId = newRoom();
    const html = await sent(roomId, '<!doctype html><script>alert(1)</script>', {
      name: '../../a"\r\n<b>;x=.html',
      headers: { 'content-type': 'image/png' },
    });
    expect(html.name).toBe('a" <b>;x=.html');
    const { headers } = await read(roomId, html.fileId);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'cross-origin-resource-policy': 'cross-origin',
      'referrer-policy': 'no-referrer',
      'cache-control': expect.stringMatching(/^private, max-age=[1-7]\d{3}, immutable$/),
    });
    expect(headers.get('content-disposition')).toMatch(
      /^attachment; filename="[\w. ()+-]*"; filename\*=UTF-8''[\w.%~-]+$/,
    );
    const picture = await sent(roomId, new Uint8Array(PNG), { name: 'cat.html' });
    const shown = await read(roomId, picture.fileId);
    expect(shown.headers.get('content-type')).toBe('image/png');
    expect(shown.headers.get('content-disposition')).toMatch(/^inline; filename="cat.html"/);
  });

  it('[FILE12] opens no file with a token of another room, a changed one or one of another kind', async () => {
    const roomId = newRoom();
    const { fileId } = await sent(roomId, 'secret');
    const other = newRoom();
    await sent(other, 'other');
    for (const token of [
      await fileToken(other, 'bob'),
      `${await fileToken(roomId, 'bob')}x`,
      await tokenFor('bob'),
      'x',
    ]) {
      const answer = await read(roomId, fileId, { token });
      expect([answer.status, await codeOf(answer)]).toEqual([401, 'unauthorized']);
    }
    const elsewhere = await read(other, fileId);
    expect([elsewhere.status, await codeOf(elsewhere)]).toEqual([404, 'file_not_found']);
    const asUser = await fetch(at(roomId, `/files/${fileId}`), { headers: await bearer('bob') });
    expect([asUser.status, await asUser.text()]).toEqual([200, 'secret']);
    expect(asUser.headers.get('cache-control')).toBe('private, no-cache');
    const waiting = await upload(roomId, 'draft');
    expect((await read(roomId, waiting.fileId)).status).toBe(404);
    expect((await read(roomId, waiting.fileId, { userId: 'alice' })).status).toBe(200);
    const token = await fileToken(roomId, 'bob');
    expect(
      (
        await fetch(at(roomId, '/missed?after=0:0'), {
          headers: { authorization: `Bearer ${token}` },
        })
      ).status,
    ).toBe(401);
  });

  it('[FILE12] refuses files to a banned user, and a deleted file to everyone', async () => {
    const roomId = newRoom();
    const { fileId } = await sent(roomId, 'secret');
    const token = await fileToken(roomId, 'bob');
    expect((await read(roomId, fileId, { token })).status).toBe(200);
    await fetch(at(roomId, '/bans/bob'), { method: 'PUT', headers: await bearer('alice') });
    expect(await codeOf(await read(roomId, fileId, { token }))).toBe('banned');
    await fetch(at(roomId, '/messages/1'), { method: 'DELETE', headers: await bearer('alice') });
    const gone = await read(roomId, fileId, { userId: 'alice' });
    expect([gone.status, await codeOf(gone)]).toEqual([404, 'file_not_found']);
  });

  it('[FILE9] keeps nothing of an upload that breaks off', async (test) => {
    const roomId = newRoom();
    const { hostname, port } = new URL(hosts[host].url);
    const { authorization } = await bearer('alice');
    const head = `POST /rooms/${roomId}/files HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: ${authorization}\r\nX-File-Name: a\r\nContent-Length: ${2 * MIB}\r\n\r\n`;
    // A user may upload no more than four such files, so the quota of each must be given back.
    for (let attempt = 0; attempt < 4; attempt++) {
      await new Promise<void>((resolve, reject) => {
        const socket = connect(Number(port), hostname);
        socket.on('error', reject);
        socket.write(head);
        socket.write(Buffer.alloc(100_000), () => {
          socket.destroy();
          resolve();
        });
      });
    }
    for (let file = 0; file < 4; file++) {
      await test.expect
        .poll(async () => (await send(roomId, new Uint8Array(2 * MIB))).status)
        .toBe(201);
    }
    const more = await send(roomId, 'x');
    expect([more.status, await codeOf(more)]).toEqual([429, 'rate_limited']);
  });
});

describe.concurrent.each([
  ['node', 'edge'],
  ['edge', 'node'],
] as const)('from the %s host to the %s host', (from, to) => {
  interface Init extends Omit<RequestInit, 'headers'> {
    headers?: Record<string, string>;
  }

  async function room(host: 'node' | 'edge', path: string, init: Init = {}, user = 'alice') {
    const claims = user === 'admin' ? { admin: true as const } : {};
    const authorization = `Bearer ${await tokenFor(user, claims)}`;
    const headers = { authorization, ...init.headers };
    return fetch(`${hosts[host].url}/rooms/${path}`, { ...init, headers });
  }

  async function sendFile(roomId: string, body: Uint8Array<ArrayBuffer>, of?: string) {
    const headers = {
      'x-file-name': encodeURIComponent('照片 1.png'),
      ...(of !== undefined && { 'x-preview-of': of }),
    };
    const answer = await room(from, `${roomId}/files`, { method: 'POST', headers, body });
    return ((await answer.json()) as { file: FileInfo }).file;
  }

  /** Imports lines, `atOnce` in each request. @returns the last answer */
  async function importLines(roomId: string, lines: readonly string[], atOnce: number) {
    const headers = { 'content-type': 'application/x-ndjson' };
    let last: unknown;
    for (let at = 0; at < lines.length; at += atOnce) {
      const body = lines.slice(at, at + atOnce).join('\n');
      const init = { method: 'POST', headers, body };
      const answer = await room(to, `${roomId}/import`, init, 'admin');
      last = await answer.json();
      expect([answer.status, last]).toEqual([200, last]);
    }
    return last;
  }

  it('[FILE16] moves a room with its files, in parts that end within a file and overlap', async () => {
    const roomId = newRoom('with files');
    const picture = await sendFile(roomId, new Uint8Array(PNG));
    const preview = await sendFile(roomId, new Uint8Array([1]), picture.fileId);
    const bytes = new Uint8Array(randomBytes(2.5 * MIB));
    const big = await sendFile(roomId, bytes);
    const empty = await sendFile(roomId, new Uint8Array(0));
    const files = [picture.fileId, big.fileId, empty.fileId];
    const message = { message: 'look', files };
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(message) };
    expect((await room(from, `${roomId}/messages`, init)).status).toBe(201);
    const exported = await (await room(from, `${roomId}/export?files=1`)).text();
    const lines = exported.split('\n').slice(0, -1);
    expect(lines.filter((line) => line.startsWith('{"type":"file"'))).toHaveLength(6);

    // In parts, with one line of the big file in two of them.
    await importLines(roomId, lines.slice(0, 5), 2);
    expect(await importLines(roomId, lines.slice(4), 1)).toMatchObject({ done: true });
    const again = await (await room(to, `${roomId}/export?files=1`)).text();
    expect(again).toBe(exported);
    const read = await room(to, `${roomId}/files/${big.fileId}`, {}, 'bob');
    expect(Buffer.from(await read.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true);
    const small = await room(to, `${roomId}/files/${preview.fileId}`, {}, 'bob');
    expect([small.status, await small.text()]).toEqual([200, '\u0001']);

    // In one part: first with changed bytes of a file, then unchanged.
    const copy = newRoom('copy');
    const at = lines.findIndex((line) => line.includes(picture.fileId));
    const changed = lines.with(at, lines[at]!.replace('"bytes":"i', '"bytes":"j'));
    const refused = await room(
      to,
      `${copy}/import`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: changed.join('\n'),
      },
      'admin',
    );
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { error: { field: `line ${at + 1}`, message: expect.stringContaining('sha256 must be') } },
    ]);
    expect(await importLines(copy, lines, 1_000)).toMatchObject({ done: true });
  });
});

describe.concurrent.each(transportsOf())('at $name', (transport) => {
  it('[FILE1] carries the files of a message in reply, event and history', async () => {
    const roomId = newRoom();
    const here = open(transport, hosts);
    const alice = (await here.enter('alice', roomId)).visitor;
    const bob = (await here.enter('bob', roomId)).visitor;
    const { url } = here.host;
    const response = await fetch(`${url}/rooms/${roomId}/files`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await tokenFor('alice')}`, 'x-file-name': 'cat.png' },
      body: new Uint8Array(PNG),
    });
    const { file } = (await response.json()) as { file: FileInfo };
    const said = ok(await alice.command('message', { roomId, message: '', files: [file.fileId] }));
    expect(said).toMatchObject({ message: { files: [file] } });
    expect(await bob.hears('message')).toMatchObject({ files: [file] });
    expect(ok(await bob.command('getHistory', { roomId }))).toMatchObject({
      messages: [{ files: [file] }],
    });
    const foreign = await bob.command('message', { roomId, message: '', files: [file.fileId] });
    expect(refusal(foreign).code).toBe('file_not_found');
    await alice.close();
    await bob.close();
  });

  it('[FILE12] refuses files to a kicked user while they may not come back', async () => {
    const roomId = newRoom();
    const here = open(transport, hosts);
    const alice = (await here.enter('alice', roomId)).visitor;
    const room = `${here.host.url}/rooms/${roomId}`;
    const authorization = `Bearer ${await tokenFor('alice')}`;
    const response = await fetch(`${room}/files`, {
      method: 'POST',
      headers: { authorization, 'x-file-name': 'a.txt' },
      body: 'hello',
    });
    const { file } = (await response.json()) as { file: FileInfo };
    ok(await alice.command('message', { roomId, message: '', files: [file.fileId] }));
    const bob = (await here.enter('bob', roomId)).visitor;
    ok(await bob.command('message', { roomId, message: 'hello' }));
    const { fileToken } = ok(await bob.command('getFileToken', { roomId })) as {
      fileToken: string;
    };
    const address = `${room}/files/${file.fileId}?t=${fileToken}`;
    const status = async () => (await fetch(address)).status;
    expect(await status()).toBe(200);
    ok(await alice.command('kickMember', { roomId, userId: 'bob' }));
    expect(await status()).toBe(403);
    await alice.close();
    await bob.close();
  });

  it('[FILE13] answers getFileToken with a token that opens the files of the room', async () => {
    const roomId = newRoom();
    const here = open(transport, hosts);
    const { visitor } = await here.enter('alice', roomId);
    const made = ok(await visitor.command('getFileToken', { roomId })) as {
      fileToken: string;
      expiresAt: number;
    };
    expect(made).toEqual({
      ok: true,
      fileToken: expect.any(String),
      expiresAt: expect.any(Number),
    });
    const { url } = here.host;
    const response = await fetch(`${url}/rooms/${roomId}/files`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await tokenFor('alice')}`, 'x-file-name': 'a.txt' },
      body: 'hello',
    });
    const { file } = (await response.json()) as { file: FileInfo };
    const answer = await fetch(`${url}/rooms/${roomId}/files/${file.fileId}?t=${made.fileToken}`);
    expect([answer.status, await answer.text()]).toEqual([200, 'hello']);
    const foreign = await visitor.command('getFileToken', { roomId: `${roomId}-other` });
    expect(foreign.ok).toBe(false);
    await visitor.close();
  });
});
