import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/protocol/objects.ts';
import { BareConnection } from '../support/bare-connection.ts';
import { ask, type Asked, problemOf } from '../support/http-client.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

const LISTED = 'https://chat.example.com';
const hosts = useHosts({
  CLIENT_URL: `${LISTED}, http://localhost:3001`,
  // 1 instead of 50, so that on a slow machine the bucket does not refill while it is tested.
  COMMANDS_PER_SECOND: '1',
});

describe.concurrent.each(['node', 'edge'] as const)('HTTP@%s', (name) => {
  const get = async (path: string, asked: Asked = {}) =>
    ask(hosts[name].url, path, {
      ...asked,
      headers: { authorization: `Bearer ${await tokenFor('alice')}`, ...asked.headers },
    });
  const post = async (path: string, payload: unknown, asked: Asked = {}) =>
    get(path, {
      method: 'POST',
      body: JSON.stringify(payload),
      ...asked,
      headers: { 'content-type': 'application/json', ...asked.headers },
    });

  async function enter(userId: string, roomId: string): Promise<NativeVisitor> {
    const visitor = new NativeVisitor(hosts[name].url, { token: await tokenFor(userId) });
    ok(await visitor.join(roomId));
    return visitor;
  }

  it('reports its health, version, host and protocol', async () => {
    const { status, json, headers } = await ask(hosts[name].url, '/health');
    expect([status, json()]).toEqual([
      200,
      { ok: true, version: '0.1.0', protocol: 1, host: name, messageBytes: 8_192 },
    ]);
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it('sends messages without joining and without being online', async () => {
    const roomId = newRoom('über/100%');
    const bob = await enter('bob', roomId);
    const forged = { sender: 'bob', senderId: 'bob', seq: 7 };
    const sent = await post(messagesOf(roomId), { message: 'by post', id: 'p-1', ...forged });
    expect(sent.status).toBe(201);
    const { message } = sent.json() as { message: Message };
    expect(sent.json()).toEqual({ message });
    expect(message).toEqual({
      roomId,
      seq: 1,
      rev: 1,
      id: 'p-1',
      senderId: 'alice',
      sender: 'alice',
      message: 'by post',
      timestamp: expect.any(Number),
    });
    expect(await bob.hears('message')).toEqual(message);

    const again = await post(messagesOf(roomId), { message: 'anything', id: 'p-1' });
    expect([again.status, again.json()]).toEqual([200, { message, duplicate: true }]);
    const reply = await say(bob, roomId, 'by socket');
    expect(bob.heard('message')).toHaveLength(1);
    expect(bob.heard('userJoined')).toEqual([]);

    const history = await get(messagesOf(roomId));
    expect([history.status, history.json()]).toEqual([
      200,
      { messages: [message, reply], hasMore: false },
    ]);
    const place = `/rooms/${encodeURIComponent(roomId)}`;
    expect((await get(`${messagesOf(roomId)}?before=2&limit=1`)).json()).toEqual({
      messages: [message],
      hasMore: false,
    });
    const missed = (await get(`${place}/missed?after=0:0&limit=1`)).json();
    expect(missed).toEqual({
      messages: [message],
      position: expect.stringMatching(/^[\w-]+:1$/),
      complete: false,
    });
    const { position } = missed as { position: string };
    expect((await get(`${place}/missed?after=${position}`)).json()).toMatchObject({
      messages: [reply],
      complete: true,
    });
    expect((await get(`${place}/missed?after=other:1`)).json()).toMatchObject({ reset: true });
    expect((await get(`${place}/members`)).json()).toEqual({
      members: [
        { userId: 'alice', username: 'alice', role: 'owner', online: false },
        { userId: 'bob', username: 'bob', role: 'member', online: true },
      ],
      memberCount: 2,
      onlineCount: 1,
      hasMore: false,
    });
    expect((await get(`${place}/members?online=true`)).json()).toMatchObject({
      members: [{ userId: 'bob' }],
    });
    expect((await get(place)).json()).toMatchObject({
      room: { roomId, memberCount: 2, horizon: 0, createdAt: expect.any(Number) },
      onlineCount: 1,
    });
  });

  it('[ROOM2] reads an empty room and stores nothing', async () => {
    const place = `/rooms/${newRoom()}`;
    expect((await get(place)).json()).toMatchObject({ room: { createdAt: 0 }, onlineCount: 0 });
    expect((await get(`${place}/messages`)).json()).toEqual({ messages: [], hasMore: false });
    const missed = (await get(`${place}/missed?after=0:0`)).json();
    expect(missed).toEqual({
      messages: [],
      position: expect.stringMatching(/^[\w-]{32}:0$/),
      complete: true,
    });
    expect((await get(`${place}/missed?after=0:0`)).json()).toEqual(missed);
  });

  it('answers an invalid request with a status, a code and a field', async () => {
    const place = `/rooms/${newRoom()}`;
    const cases: [path: string, asked: Asked | object, status: number, about: object][] = [
      [`${place}/messages?limit=0`, {}, 400, { code: 'invalid_payload', field: 'limit' }],
      [`${place}/messages?limit=ten`, {}, 400, { code: 'invalid_payload', field: 'limit' }],
      [`${place}/messages?before=-1`, {}, 400, { code: 'invalid_payload', field: 'before' }],
      [`${place}/messages?before=2&after=1`, {}, 400, { code: 'invalid_payload', field: 'before' }],
      [`${place}/missed`, {}, 400, { code: 'invalid_payload', field: 'after' }],
      [`${place}/missed?after=soon`, {}, 400, { code: 'invalid_payload', field: 'after' }],
      [`${place}/members?online=maybe`, {}, 400, { code: 'invalid_payload', field: 'online' }],
      ['/rooms/%20padded/messages', {}, 400, { code: 'invalid_payload', field: 'roomId' }],
      ['/rooms/%ff/messages', {}, 400, { code: 'invalid_payload', field: 'roomId' }],
      ['/rooms/cafe%CC%81', {}, 400, { code: 'invalid_payload', field: 'roomId' }],
      [`/rooms/${'x'.repeat(129)}`, {}, 400, { code: 'invalid_payload', field: 'roomId' }],
      [`${place}/ws`, {}, 400, { code: 'invalid_payload' }],
    ];
    for (const [path, asked, status, about] of cases) {
      const answered = await get(path, asked);
      expect(problemOf(answered), path).toMatchObject(about);
      expect([path, answered.status]).toEqual([path, status]);
    }
  });

  it('answers an invalid body', async () => {
    const path = `/rooms/${newRoom()}/messages`;
    const proto = '{"message":"a","__proto__":{"isAdmin":true}}';
    const deep = `{"message":"a","deep":${'['.repeat(1_000)}${']'.repeat(1_000)}}`;
    const cases: [body: string, status: number, about: object][] = [
      ['', 400, { code: 'invalid_payload', field: 'body' }],
      ['{', 400, { code: 'invalid_payload', field: 'body' }],
      ['null', 400, { code: 'invalid_payload', field: 'body' }],
      ['[]', 400, { code: 'invalid_payload', field: 'body' }],
      ['{}', 400, { code: 'invalid_payload', field: 'message' }],
      ['{"message":7}', 400, { code: 'invalid_payload', field: 'message' }],
      ['{"message":"\\ud800"}', 400, { code: 'invalid_payload', field: 'message' }],
      ['{"message":"a","roomId":"another"}', 400, { code: 'invalid_payload', field: 'roomId' }],
      [proto, 400, { code: 'invalid_payload', field: '__proto__' }],
      [deep, 400, { code: 'invalid_payload', message: 'Nest JSON at most 16 levels deep.' }],
      [
        JSON.stringify({ message: 'a'.repeat(8_193) }),
        413,
        { code: 'too_large', field: 'message' },
      ],
      [JSON.stringify({ message: 'a'.repeat(70_000) }), 413, { code: 'too_large' }],
    ];
    for (const [body, status, about] of cases) {
      const answered = await post(path, undefined, { body });
      expect(problemOf(answered), body.slice(0, 60)).toMatchObject(about);
      expect([body.slice(0, 60), answered.status]).toEqual([body.slice(0, 60), status]);
    }
    expect((await get(path)).json()).toEqual({ messages: [], hasMore: false });
  });

  it('[ERR2] ends a body over its limit, whatever its Content-Length', async () => {
    const path = `/rooms/${newRoom()}/messages`;
    const body = JSON.stringify({ message: 'a'.repeat(70_000) });
    const chunked = await post(path, undefined, {
      body,
      headers: { 'transfer-encoding': 'chunked' },
    });
    expect([chunked.status, problemOf(chunked).code]).toEqual([413, 'too_large']);
  });

  it('[HTTP4] accepts only bodies declared as JSON', async () => {
    const path = `/rooms/${newRoom()}/messages`;
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonx',
      '',
    ]) {
      const answered = await post(path, { message: 'a' }, { headers: { 'content-type': type } });
      expect([type, answered.status, problemOf(answered)]).toEqual([
        type,
        400,
        {
          code: 'invalid_payload',
          message: 'Send JSON, with Content-Type: application/json.',
        },
      ]);
    }
    for (const type of ['application/json; charset=utf-8', 'Application/JSON']) {
      const answered = await post(path, { message: 'a' }, { headers: { 'content-type': type } });
      expect([type, answered.status]).toEqual([type, 201]);
    }
  });

  it('[AUTH1] requires a token', async () => {
    const path = `/rooms/${newRoom()}/messages`;
    for (const authorization of ['', 'Bearer', 'Bearer nonsense', 'Basic YTpi']) {
      const answered = await get(path, { headers: { authorization } });
      expect([answered.status, problemOf(answered).code]).toEqual([401, 'unauthorized']);
    }
    const expired = `Bearer ${await tokenFor('alice', { exp: 1_000 })}`;
    const answered = await get(path, { headers: { authorization: expired } });
    expect([answered.status, problemOf(answered).code]).toEqual([401, 'token_expired']);
    const inQuery = await ask(hosts[name].url, `${path}?token=${await tokenFor('alice')}`);
    expect(inQuery.status).toBe(401);
  });

  it('[HTTP1] answers unknown paths with 404', async () => {
    const place = `/rooms/${newRoom()}`;
    for (const [method, path] of [
      ['GET', '/rooms'],
      ['GET', '/rooms/'],
      ['GET', `${place}/elsewhere`],
      ['GET', '/nowhere'],
      ['GET', '/test-token?username=alice'],
      ['GET', '/.env'],
      ['GET', '/..%2f..%2fpackage.json'],
      ['GET', '//example.com/rooms'],
    ] as const) {
      const answered = await get(path, { method });
      expect([method, path, answered.status]).toEqual([method, path, 404]);
      expect(problemOf(answered)).toEqual({
        code: 'unknown_command',
        message: 'There is nothing at this address; see /openapi.json for the routes.',
      });
    }
  });

  it('[LIM1] answers too many requests with Retry-After', async () => {
    const path = `/rooms/${newRoom()}/messages`;
    const answers = await Promise.all(Array.from({ length: 90 }, () => get(path)));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const answered of refused) {
      expect([answered.status, answered.headers['retry-after']]).toEqual([
        429,
        expect.stringMatching(/^[1-5]$/),
      ]);
      expect(problemOf(answered)).toMatchObject({
        code: 'rate_limited',
        retryAfterMs: expect.any(Number),
      });
    }
    expect((await get(`/rooms/${newRoom()}/messages`)).status).toBe(200);
  });

  it('[CONN2] [CONN6] allows only pages of its own origin and of CLIENT_URL to read answers', async () => {
    const { url } = hosts[name];
    const path = `/rooms/${newRoom()}/messages`;
    const { host } = new URL(url);
    for (const origin of [LISTED, 'http://localhost:3001', url, `https://${host}`]) {
      const { status, headers } = await get(path, { headers: { origin } });
      expect([status, headers['access-control-allow-origin']]).toEqual([200, origin]);
      expect(headers['vary']).toMatch(/origin/i);
      const preflight = await ask(url, path, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
      expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([
        204,
        origin,
      ]);
      expect(preflight.headers['access-control-allow-headers']).toMatch(/authorization/i);
      expect(preflight.headers['access-control-allow-methods']).toMatch(/DELETE/);
    }
    for (const origin of ['https://evil.example', 'null', `${LISTED}.evil.example`, 'garbage']) {
      for (const method of ['GET', 'OPTIONS']) {
        const { headers } = await get(path, { method, headers: { origin } });
        const allowed = Object.keys(headers).filter((header) =>
          header.startsWith('access-control'),
        );
        expect([origin, method, allowed]).toEqual([origin, method, []]);
      }
    }
  });
});

function messagesOf(roomId: string): string {
  return `/rooms/${encodeURIComponent(roomId)}/messages`;
}

// Not at the edge, which sends no 100 Continue that would show that the request has begun.
it('the node host logs no defect when a request breaks off', async () => {
  const token = await tokenFor('alice');
  for (const path of [`/rooms/${newRoom()}/messages`, `/rooms/${newRoom()}/import`]) {
    const connection = new BareConnection(hosts.node.url);
    connection.write(
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n',
    );
    await connection.until(/^HTTP\/1\.1 100 /);
    connection.write('{"message":');
    connection.destroy();
  }
  // Failures that the host has logged fail the test when the host is closed.
  expect((await ask(hosts.node.url, '/health')).status).toBe(200);
});
