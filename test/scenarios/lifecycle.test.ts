import { beforeAll, describe, expect, it } from 'vitest';
import type { Reply } from '../../src/protocol/commands.ts';
import type { Problem } from '../../src/protocol/codes/errors.ts';
import { directTransports } from '../support/transports.ts';
import { newRoom, open, useHosts } from '../support/for-each-transport.ts';
import { say, talk } from '../support/talk.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

const DAY_MS = 86_400_000;
const hosts = useHosts();
const names = ['node', 'edge'] as const;
const tokens = { admin: '', alice: '', bob: '' };

beforeAll(async () => {
  tokens.admin = await tokenFor('the admin', { admin: true });
  tokens.alice = await tokenFor('alice');
  tokens.bob = await tokenFor('bob');
});

interface Asked {
  status: number;
  text: string;
  type: string | null;
}

/** Sends a request to a path under `/rooms/:roomId`. */
async function ask(
  host: (typeof names)[number],
  who: keyof typeof tokens,
  request: string,
  roomId: string,
  { body, type = 'application/x-ndjson' }: { body?: string; type?: string } = {},
): Promise<Asked> {
  const [method = 'GET', path = ''] = request.split(' ');
  const response = await fetch(`${hosts[host].url}/rooms/${encodeURIComponent(roomId)}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${tokens[who]}`,
      ...(body !== undefined && { 'content-type': type }),
    },
    ...(body !== undefined && { body }),
  });
  const { status, headers } = response;
  return { status, text: await response.text(), type: headers.get('content-type') };
}

function problemOf({ text }: Asked): Problem {
  return (JSON.parse(text) as { error: Problem }).error;
}

function transportsOf(host: (typeof names)[number]) {
  return directTransports
    .filter((transport) => transport.host === host)
    .map((transport) => open(transport, hosts));
}

/** Fills a room with data of most kinds. */
async function fillRoom(host: (typeof names)[number], roomId: string): Promise<void> {
  const [transport] = transportsOf(host);
  const { visitor: alice } = await transport!.enter('alice', roomId);
  const { visitor: bob } = await transport!.enter('bob', roomId);
  await say(alice, roomId, 'welcome');
  const { seq } = await say(bob, roomId, 'hello xylograph');
  ok(await alice.command('addReaction', { roomId, seq, emoji: '🎉' }));
  ok(await bob.command('addReaction', { roomId, seq: 1, emoji: '👍' }));
  ok(await alice.command('message', { roomId, message: 'you?', mentions: ['bob'], replyTo: seq }));
  ok(await alice.command('muteMember', { roomId, userId: 'bob', note: 'for a test' }));
  ok(await alice.command('updateRoom', { roomId, topic: 'moving', slowModeSeconds: 3 }));
  await alice.close();
  await bob.close();
}

describe.each(names)('on the %s host', (host) => {
  it.concurrent('closes every transport when a room is deleted, and hides its name', async () => {
    const roomId = newRoom('deleted');
    await fillRoom(host, roomId);
    const present = await Promise.all(
      transportsOf(host).map(async (transport) => ({
        transport,
        ...(await transport.enter('carol', roomId)),
      })),
    );
    expect((await ask(host, 'bob', 'DELETE ', roomId)).status).toBe(403);
    expect(await ask(host, 'alice', 'DELETE ', roomId)).toMatchObject({ status: 200, text: '{}' });
    const codes = await Promise.all(
      present.map(async ({ transport, visitor }) =>
        transport.socketHolds === 'many rooms'
          ? (await visitor.hears('roomClosed')).closeCode
          : visitor.ended(),
      ),
    );
    expect(new Set(codes)).toEqual(new Set([4503]));
    for (const who of ['admin', 'alice', 'bob'] as const) {
      for (const request of ['GET ', 'GET /messages', 'GET /export', 'DELETE ', 'POST /import']) {
        const body = request.startsWith('POST') ? { body: '{}' } : {};
        const asked = await ask(host, who, request, roomId, body);
        expect([asked.status, problemOf(asked).code], request).toEqual([404, 'room_not_found']);
      }
    }
    expect((await ask(host, 'alice', 'PUT ', roomId)).status).toBe(404);
    const reopened = await ask(host, 'admin', 'PUT ', roomId);
    expect(reopened.status).toBe(200);
    expect(JSON.parse(reopened.text)).toMatchObject({ room: { roomId, memberCount: 0 } });
    const [{ transport, joined: before }] = present as [(typeof present)[number]];
    const { joined } = await transport.enter('bob', roomId, {
      since: before.position,
      history: 10,
    });
    expect(joined).toMatchObject({ reset: true, messages: [] });
    expect(joined.epoch).not.toBe(before.epoch);
  });

  it.concurrent('erases a user from a room for everyone present', async () => {
    const roomId = newRoom('erased');
    await fillRoom(host, roomId);
    const [transport] = transportsOf(host);
    const { visitor: alice } = await transport!.enter('alice', roomId);
    const { visitor: bob } = await transport!.enter('bob', roomId);
    const mine = await ask(host, 'alice', 'DELETE /users/bob', roomId);
    expect([mine.status, problemOf(mine).code]).toEqual([403, 'forbidden']);
    expect(await ask(host, 'admin', 'DELETE /users/bob', roomId)).toMatchObject({
      status: 200,
      text: '{"done":true}',
    });
    const told = await alice.hears('messageUpdated', ({ seq }) => seq === 2);
    expect(told).toMatchObject({ change: 'erased', by: 'the admin', message: '', sender: '' });
    expect(await bob.ended()).toBe(4501);
    const exported = await ask(host, 'admin', 'GET /export', roomId);
    expect(exported.text).not.toMatch(/bob|xylograph/);
    expect(exported.text).toContain('welcome');
    const nobody = await ask(host, 'admin', 'DELETE /users/nobody%20at%20all', roomId);
    expect(nobody).toMatchObject({ status: 200, text: '{"done":true}' });
    const crooked = await ask(host, 'admin', 'DELETE /users/%ff', roomId);
    expect([crooked.status, problemOf(crooked).field]).toEqual([400, 'userId']);
    await alice.close();
  });

  it.concurrent('erases a user whose id cannot be written in a path', async () => {
    const [from, roomId] = [newRoom('from'), newRoom('dots')];
    await fillRoom(host, from);
    const { text } = await ask(host, 'admin', 'GET /export', from);
    const body = text.replaceAll('"bob"', '".."');
    expect((await ask(host, 'admin', 'POST /import', roomId, { body })).status).toBe(200);
    const [transport] = transportsOf(host);
    const { visitor: alice } = await transport!.enter('alice', roomId);
    const { members } = ok(await alice.command('getMembers', { roomId }));
    expect(members.map(({ userId }) => userId)).toEqual(['..', 'alice']);
    const rest = ok(await alice.command('getMembers', { roomId, after: '..' }));
    expect(rest.members.map(({ userId }) => userId)).toEqual(['alice']);
    const { results } = ok(
      await alice.command('searchMessages', { roomId, query: 'xylograph', from: '..' }),
    );
    expect(results).toHaveLength(1);
    for (const path of ['/users/..', '/users/%2e%2e']) {
      expect((await ask(host, 'admin', `DELETE ${path}`, roomId)).status).toBe(404);
    }
    const mine = await ask(host, 'alice', 'DELETE /users?userId=..', roomId);
    expect([mine.status, problemOf(mine).code]).toEqual([403, 'forbidden']);
    const unnamed = await ask(host, 'admin', 'DELETE /users', roomId);
    expect([unnamed.status, problemOf(unnamed).field]).toEqual([400, 'userId']);
    expect(await ask(host, 'admin', 'DELETE /users?userId=..', roomId)).toMatchObject({
      status: 200,
      text: '{"done":true}',
    });
    const exported = await ask(host, 'admin', 'GET /export', roomId);
    expect(exported.text).not.toMatch(/"\.\."|xylograph/);
    expect(exported.text).toContain('welcome');
    await alice.close();
  });

  it.concurrent('applies retention without a request, soon after an import', async () => {
    const roomId = newRoom('old');
    const now = Date.now();
    const lines = [
      { type: 'export', version: 1, roomId },
      ...[5, 4, 3, 0].map((days, at) => ({
        type: 'message',
        seq: at + 1,
        rev: at + 1,
        id: `m${at}`,
        senderId: 'alice',
        sender: 'alice',
        message: `${days} days ago`,
        timestamp: now - days * DAY_MS,
      })),
      {
        type: 'end',
        rev: 4,
        horizon: 0,
        createdAt: now - 5 * DAY_MS,
        changedAt: now,
        owned: false,
        topic: null,
        private: false,
        readOnly: false,
        slowModeSeconds: 0,
        retentionDays: 2,
      },
    ];
    const body = lines.map((line) => JSON.stringify(line)).join('\n');
    expect((await ask(host, 'admin', 'POST /import', roomId, { body })).status).toBe(200);
    const [transport] = transportsOf(host);
    const { visitor, joined } = await transport!.enter('bob', roomId);
    // Retention may have been applied before the visitor joined.
    if (joined.room.horizon !== 4)
      await visitor.hears('roomUpdated', ({ horizon }) => horizon === 4);
    const { messages } = ok(await visitor.command('getHistory', { roomId }));
    expect(messages.map(({ message }) => message)).toEqual(['0 days ago']);
    await visitor.close();
  });

  it.concurrent('moves to the other host and back, byte for byte', async () => {
    const roomId = newRoom('moving');
    const other = host === 'node' ? 'edge' : 'node';
    await fillRoom(host, roomId);
    const here = await ask(host, 'alice', 'GET /export', roomId);
    expect(here).toMatchObject({ status: 200, type: 'application/x-ndjson; charset=utf-8' });
    const there = await ask(other, 'admin', 'POST /import', roomId, { body: here.text });
    expect(there.status, there.text).toBe(200);
    const { done, position } = JSON.parse(there.text) as Reply<'importRoom'>;
    expect(done).toBe(true);
    const again = await ask(other, 'alice', 'GET /export', roomId);
    expect(again.text).toBe(here.text);

    const since = `${position.split(':')[0]}:1`;
    const [transport] = transportsOf(other);
    const { joined, visitor } = await transport!.enter('bob', roomId, { since });
    expect(joined.reset).toBeUndefined();
    expect(joined.room).toMatchObject({ topic: 'moving', memberCount: 2 });
    expect(joined.you.mutedUntil).toBeGreaterThan(Date.now());
    await visitor.close();

    expect((await ask(host, 'alice', 'DELETE ', roomId)).status).toBe(200);
    expect((await ask(host, 'admin', 'PUT ', roomId)).status).toBe(200);
    const back = await ask(host, 'admin', 'POST /import', roomId, { body: again.text });
    expect(back.status).toBe(200);
    expect((await ask(host, 'admin', 'GET /export', roomId)).text).toBe(here.text);
  });

  it.concurrent('continues an import at the part that broke', async () => {
    const roomId = newRoom('parts');
    const source = newRoom('source');
    const [transport] = transportsOf(host);
    await talk(transport!, source, 700, (at) => `line ${at} ${'of some length '.repeat(20)}`);
    const { text } = await ask(host, 'admin', 'GET /export', source);
    const lines = text.split('\n');
    const first = lines.slice(0, 400).join('\n');
    const part = await ask(host, 'admin', 'POST /import', roomId, { body: first });
    expect(JSON.parse(part.text)).toMatchObject({ done: false });
    expect(problemOf(await ask(host, 'bob', 'GET ', roomId)).code).toBe('unavailable');
    const broken = lines.slice(300, 650).join('\n').slice(0, -20);
    const refused = await ask(host, 'admin', 'POST /import', roomId, { body: broken });
    expect([refused.status, problemOf(refused)]).toEqual([
      400,
      {
        code: 'invalid_payload',
        message: 'Line 350 does not fit: it must be JSON.',
        field: 'line 350',
      },
    ]);
    const rest = lines.slice(380).join('\n');
    const last = await ask(host, 'admin', 'POST /import', roomId, { body: rest });
    expect(JSON.parse(last.text)).toMatchObject({ done: true });
    const copy = await ask(host, 'admin', 'GET /export', roomId);
    expect(copy.text.replace(roomId, source)).toBe(text);
  });

  it.concurrent('imports lines of any of their media types, with blank ones between them', async () => {
    const source = newRoom('moving');
    await fillRoom(host, source);
    const { text } = await ask(host, 'alice', 'GET /export', source);
    // Enough blank lines at the end to fill a whole batch.
    const body = `\r\n${text.replaceAll('\n', '\r\n\r\n')}${'\n'.repeat(1_200)}`;
    for (const type of ['application/ndjson', 'application/jsonl; charset=utf-8']) {
      const roomId = newRoom('moved');
      const taken = await ask(host, 'admin', 'POST /import', roomId, { body, type });
      expect([taken.status, JSON.parse(taken.text)]).toMatchObject([200, { done: true }]);
      const copy = await ask(host, 'admin', 'GET /export', roomId);
      expect(copy.text.replace(roomId, source)).toBe(text);
    }
  });

  it.concurrent('refuses invalid imports', async () => {
    const roomId = newRoom('refused');
    const post = (who: 'admin' | 'alice', body: string, type?: string) =>
      ask(host, who, 'POST /import', roomId, { body, ...(type !== undefined && { type }) });
    expect((await post('alice', '{}')).status).toBe(403);
    expect((await post('admin', '{}', 'text/plain')).status).toBe(400);
    for (const nothing of ['', '\n\r\n\n']) {
      expect(problemOf(await post('admin', nothing)).message).toBe('Send some lines of an export.');
    }
    expect(problemOf(await post('admin', '{"type":"end"}')).field).toBe('line 1');
    await fillRoom(host, roomId);
    const taken = await post('admin', `{"type":"export","version":1,"roomId":"${roomId}"}`);
    expect([taken.status, problemOf(taken).code]).toEqual([409, 'conflict']);
    expect((await ask(host, 'bob', 'GET /export', roomId)).status).toBe(403);
    const nothing = await ask(host, 'admin', 'GET /export', newRoom());
    expect([nothing.status, problemOf(nothing).code]).toEqual([404, 'room_not_found']);
  });
});
