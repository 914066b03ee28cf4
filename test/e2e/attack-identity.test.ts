import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { roomRoutes } from '../../src/transports/http/room-routes.ts';
import { ask } from '../support/http-client.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { SocketIoVisitor } from '../support/socketio-visitor.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

/** No limits of rates, which would hide what an attack can do. */
const unlimited = { COMMANDS_PER_SECOND: '100000', COMMAND_BURST: '1000000' };
const hosts = useHosts(unlimited);
const names = ['node', 'edge'] as const;

/** Every field by which a user might claim to be another one. */
const CLAIMED = {
  sender: 'root',
  senderId: 'root',
  username: 'root',
  userId: 'root',
  sub: 'root',
  id: 'c1',
  identity: { userId: 'root', admin: true },
  admin: true,
  role: 'owner',
  guest: false,
  seq: 99,
  rev: 99,
  epoch: 'mine',
  timestamp: 1,
  editedAt: 1,
  deletedAt: 1,
  unverified: true,
  by: 'root',
  reason: 'banned',
  reactions: { '+1': 100 },
  replyCount: 7,
  duplicate: true,
};
const forgedWish = Buffer.from(
  JSON.stringify({
    identity: { userId: 'root', admin: true },
    join: {},
    end: 'link',
  }),
).toString('base64');
const HEADERS = {
  'x-parlor-wish': forgedWish,
  'x-parlor-guests': 'true',
  'x-user-id': 'root',
  'x-forwarded-user': 'root',
  'x-authenticated-user': 'root',
  cookie: 'userId=root; token=x',
  'x-forwarded-for': '127.0.0.1',
  'x-original-url': '/rooms/other',
  'x-http-method': 'DELETE',
};
const SENT_BY_MALLORY = { sender: 'Mallory', senderId: 'mallory', id: 'c1' };

describe.each(names)('on the %s host a user cannot act as another one', (name) => {
  it('[AUTH7] by a field of a message, at any transport', async () => {
    const { url } = hosts[name];
    const roomId = newRoom();
    const token = await tokenFor('mallory', { name: 'Mallory' });
    const owner = new NativeVisitor(url, { token: await tokenFor('olga') });
    ok(await owner.join(roomId));
    ok(await owner.command('message', { roomId, message: 'first' }));
    const payload = { ...CLAIMED, roomId, message: 'mine' };
    for (const visitor of [
      new NativeVisitor(url, { token }),
      new SocketIoVisitor(url, { token }),
    ]) {
      ok(await visitor.join(roomId, payload));
      const id = `c-${crypto.randomUUID()}`;
      const { message, duplicate } = ok(await visitor.command('message', { ...payload, id }));
      expect(duplicate).toBeUndefined();
      expect(message).toMatchObject({ ...SENT_BY_MALLORY, id });
      for (const [field, claimed] of Object.entries(CLAIMED)) {
        expect([field, message]).not.toMatchObject([field, { [field]: claimed }]);
      }
      const heard = await owner.hears('message', (one) => one.id === id);
      expect(heard).toEqual(message);
      for (const act of ['banMember', 'setRole', 'updateRoom'] as const) {
        const problem = await visitor.command(act, { ...payload, userId: 'olga', private: true });
        expect([act, problem]).toMatchObject([act, { ok: false }]);
      }
      await visitor.close();
    }
    const posted = await ask(url, `/rooms/${roomId}/messages?userId=root&sender=root&admin=true`, {
      method: 'POST',
      headers: { ...HEADERS, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...CLAIMED, message: 'over HTTP' }),
    });
    expect(posted.json()).toMatchObject({ message: SENT_BY_MALLORY });
    const { members } = ok(await owner.command('getMembers', { roomId }));
    expect(Object.fromEntries(members.map(({ userId, role }) => [userId, role]))).toEqual({
      mallory: 'member',
      olga: 'owner',
    });
    await owner.close();
  });

  it('by an internal header sent from outside, with a token of their own or with none', async () => {
    const { url } = hosts[name];
    const roomId = newRoom();
    const address = `${url}/rooms/${roomId}/ws`;
    const without = rawSocket(address, HEADERS);
    await without.opened;
    expect(without.refused?.status).toBe(401);
    const authorization = `Bearer ${await tokenFor('mallory', { name: 'Mallory' })}`;
    const inside = rawSocket(address, { ...HEADERS, authorization });
    const joined = await inside.frame((frame) => frame.startsWith('["joined",'));
    expect(linesOf(joined)[0]).toMatchObject(['joined', { you: { userId: 'mallory' } }]);
    // Control lines, with which a link changes its identity, have no effect when a client sends them.
    inside.socket.send(JSON.stringify(['renew', { userId: 'root', admin: true }]));
    inside.socket.send('["deleteRoom",{},1]');
    const answer = await inside.frame((frame) => frame.includes('["ack",1,'));
    expect(linesOf(answer)).toContainEqual(['ack', 1, expect.objectContaining({ ok: false })]);
    inside.socket.terminate();

    expect((await ask(url, `/rooms/${roomId}/messages`, { headers: HEADERS })).status).toBe(401);
    const polling = '/socket.io/?EIO=4&transport=polling';
    const opened = await ask(url, polling, { headers: HEADERS });
    const { sid } = JSON.parse(opened.text.slice(1)) as { sid: string };
    await ask(url, `${polling}&sid=${sid}`, { method: 'POST', headers: HEADERS, body: '40{}' });
    const refused = await ask(url, `${polling}&sid=${sid}`, { headers: HEADERS });
    expect(refused.text).toMatch(/^44\{.*"code":"unauthorized"/);
  });

  it('by SQL or search operators in a text', async () => {
    const { url } = hosts[name];
    const roomId = `'; DROP TABLE messages; -- ${crypto.randomUUID()}`;
    const visitor = new NativeVisitor(url, { token: await tokenFor("o'; DELETE FROM room; --") });
    ok(await visitor.join(roomId));
    ok(
      await visitor.command('message', { roomId, message: 'apple "pie" OR 1=1', id: "1' OR ''='" }),
    );
    ok(await visitor.command('message', { roomId, message: 'secret plan' }));
    const queries = [
      `" "" ' apple" "apple a* * apple* OR ) ( ^apple -apple \\ % _ {x}: ; --`.split(' '),
      ['NOT apple', 'apple NOT', 'AND AND', 'NEAR(apple pie)', 'apple + pie', 'rank MATCH x'],
      ['sender_id:o', 'message : secret', '{message sender_id}: x', "x' UNION SELECT 1 --"],
      ['apple\u0000pie', '"\u0000', 'ap\u200Bple', 'a'.repeat(2_000), '"'.repeat(500)],
    ].flat();
    for (const query of queries) {
      const found = await visitor.command('searchMessages', { roomId, query });
      if (found.ok) {
        for (const { message } of found.results) {
          expect([query, message]).toEqual([query, expect.stringMatching(/apple|secret/)]);
        }
      } else expect([query, found.error.code]).toEqual([query, 'invalid_payload']);
    }
    // A column's name in a query is taken as a word, and reaches no other column.
    const reached = ok(await visitor.command('searchMessages', { roomId, query: 'sender_id:o' }));
    expect(reached.results).toEqual([]);
    for (const [command, payload] of [
      ['getReactions', { seq: 1, after: "' OR 1=1 --" }],
      ['getMembers', { after: "') UNION SELECT * FROM room --" }],
      ['searchMessages', { query: 'apple', from: "' OR ''='" }],
      ['addReaction', { seq: 1, emoji: "'); DROP TABLE x; --" }],
      ['setRole', { userId: "x'; UPDATE members SET role='owner'; --", role: 'viewer' }],
      ['getMissed', { after: "0:0' OR 1" }],
    ] as const) {
      await visitor.command(command, { roomId, ...payload });
    }
    const { messages } = ok(await visitor.command('getHistory', { roomId }));
    expect(messages.map(({ message }) => message)).toEqual(['apple "pie" OR 1=1', 'secret plan']);
    const again = { roomId, message: 'x', id: "1' OR ''='" };
    expect(ok(await visitor.command('message', again))).toMatchObject({ duplicate: true });
    const { room } = ok(await visitor.join(roomId));
    expect(room.roomId).toBe(roomId);
    await visitor.close();
  });
});

describe('with ROOM_ACCESS=token, the answers', () => {
  const granted = useHosts({ ...unlimited, ROOM_ACCESS: 'token' });

  it.each(names)(
    '[MOD4] on the %s host are the same whether a room exists or not',
    async (name) => {
      const { url } = granted[name];
      const [there, missing] = [newRoom(), newRoom()];
      const owner = `Bearer ${await tokenFor('olga', { rooms: { [there]: 'owner' } })}`;
      const json = { 'content-type': 'application/json' };
      const made = await ask(url, `/rooms/${there}/messages`, {
        method: 'POST',
        headers: { ...json, authorization: owner },
        body: '{"message":"here"}',
      });
      expect(made.status).toBe(201);

      for (const rooms of [undefined, {}, { other: 'owner' }, { [there.slice(0, -1)]: 'owner' }]) {
        const authorization = `Bearer ${await tokenFor('mallory', rooms && { rooms })}`;
        for (const { method, path } of [
          ...roomRoutes,
          { method: 'GET' as const, path: '/events' },
        ]) {
          const at = path
            .replace(':seq', '1')
            .replace(':emoji', 'x')
            .replace(':userId', 'olga')
            .replace(':name', 'x');
          const query = { '/missed': '?after=0:0', '/search': '?q=x' }[path] ?? '';
          const [one, other] = await Promise.all(
            [there, missing].map(async (roomId) => {
              const body = method === 'GET' || method === 'DELETE' ? {} : { body: validBody(path) };
              const headers = { ...json, authorization };
              const asked = { method, headers, ...body };
              return ask(url, `/rooms/${roomId}${at}${query}`, asked);
            }),
          );
          const shown = ({ status, text }: typeof one & object) => [status, text];
          expect([method, path, ...shown(one!)]).toEqual([method, path, ...shown(other!)]);
          expect([method, path, one!.status]).toEqual([method, path, 404]);
        }
        for (const Visitor of [NativeVisitor, SocketIoVisitor]) {
          const visitor = new Visitor(url, { token: authorization.slice('Bearer '.length) });
          const answers = [await visitor.join(there), await visitor.join(missing)];
          expect(answers[0]).toEqual(answers[1]);
          expect(answers[0]).toMatchObject({ ok: false, error: { code: 'room_not_found' } });
          await visitor.close();
        }
      }
    },
  );
});

function linesOf(frame: string): unknown[] {
  return frame.split('\n').map((line) => JSON.parse(line) as unknown);
}

/** A valid body for a route that takes one. */
function validBody(path: string): string {
  const fields = { message: 'x', readUpTo: 1, role: 'member', topic: 'x' };
  if (path.endsWith('/read')) return JSON.stringify({ readUpTo: fields.readUpTo });
  if (path.startsWith('/members')) return JSON.stringify({ role: fields.role });
  if (path.endsWith('/append')) return JSON.stringify({ offset: 0, text: 'x' });
  if (path.includes('messages')) return JSON.stringify({ message: fields.message });
  return path === '' ? JSON.stringify({ topic: fields.topic }) : '{}';
}

describe('the routes of development mode', () => {
  it('are missing from the deployed Worker', async () => {
    const production = await readFile(join(inject('edgeBundle'), 'worker.js'), 'utf8');
    const development = await readFile(join(inject('developmentBundle'), 'dev.js'), 'utf8');
    for (const trace of ['test-token', 'testTokenRoute', 'SECRET_WAS_MADE']) {
      expect([trace, development.includes(trace)]).toEqual([trace, true]);
      expect([trace, production.includes(trace)]).toEqual([trace, false]);
    }
  });

  it.each(names)('are refused on the %s host in production', async (name) => {
    for (const path of ['/test-token?username=eve', '/test-token', '//test-token', '/TEST-TOKEN']) {
      const { status, text } = await ask(hosts[name].url, path);
      expect([path, status]).toEqual([path, 404]);
      expect(text).not.toMatch(/eyJ/);
    }
  });
});
