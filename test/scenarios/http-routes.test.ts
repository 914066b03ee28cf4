import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/protocol/objects.ts';
import type { HostName } from '../../src/settings/declarations.ts';
import { type Answered, HttpVisitor } from '../support/http-visitor.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

const hosts = useHosts();
const THUMB = encodeURIComponent('👍');

describe.each<HostName>(['node', 'edge'])('over HTTP at the %s host', (name) => {
  const as = async (userId: string, claims = {}) =>
    new HttpVisitor(hosts[name].url, await tokenFor(userId, claims));

  /** A user who has joined over a socket and receives events. */
  const present = async (userId: string, roomId: string) => {
    const visitor = new NativeVisitor(hosts[name].url, { token: await tokenFor(userId) });
    ok(await visitor.join(roomId));
    return visitor;
  };

  /** A room with one message of its owner. */
  const founded = async () => {
    const roomId = newRoom();
    const owner = await as('olga');
    const first = messageIn(
      await owner.ask('POST', roomId, '/messages', { body: { message: 'first' } }),
    );
    return { roomId, owner, first };
  };

  it.concurrent('[ROOM2] describes a room without messages, and stores nothing', async () => {
    const roomId = newRoom();
    const alice = await as('alice');
    const { status, body, headers } = await alice.ask('GET', roomId);
    expect(status).toBe(200);
    expect(body).toEqual({
      room: {
        roomId,
        createdAt: 0,
        private: false,
        readOnly: false,
        slowModeSeconds: 0,
        memberCount: 0,
        horizon: 0,
      },
      onlineCount: 0,
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await alice.ask('HEAD', roomId)).status).toBe(200);
  });

  it.concurrent('[MSG6] sends a message once, however often it is repeated, with one event', async () => {
    const roomId = newRoom();
    const bob = await present('bob', roomId);
    const alice = await as('alice');
    const body = {
      message: 'hello',
      id: 'a-1',
      sender: 'mallory',
      meta: { a: 1 },
      mentions: ['bob'],
    };
    const sent = await alice.ask('POST', roomId, '/messages', { body });
    expect(sent.status).toBe(201);
    expect(messageIn(sent)).toMatchObject({
      roomId,
      seq: 1,
      rev: 1,
      id: 'a-1',
      sender: 'alice',
      senderId: 'alice',
      message: 'hello',
    });
    const again = await alice.ask('POST', roomId, '/messages', { body });
    expect(again).toMatchObject({
      status: 200,
      body: { duplicate: true, message: messageIn(sent) },
    });
    await alice.ask('POST', roomId, '/messages', { body: { message: 'barrier' } });
    await bob.hears('message', ({ message }) => message === 'barrier');
    expect(bob.heard('message')[0]).toEqual(messageIn(sent));
    expect(bob.heard('message')).toHaveLength(2);
    expect(bob.heard('userJoined')).toEqual([]);
  });

  it.concurrent('reads, changes and deletes one message, with events to those present', async () => {
    const { roomId, owner, first } = await founded();
    const bob = await present('bob', roomId);
    const path = `/messages/${first.seq}`;
    expect(messageIn(await owner.ask('GET', roomId, path))).toEqual(first);

    const edited = await owner.ask('PATCH', roomId, path, {
      body: { message: 'better', ifRev: first.rev },
    });
    expect(edited.status).toBe(200);
    expect(messageIn(edited)).toMatchObject({ seq: 1, rev: 2, message: 'better' });
    const change = await bob.hears('messageUpdated', ({ rev }) => rev === 2);
    expect(change).toEqual({ ...messageIn(edited), change: 'edited', by: 'olga' });

    const stale = await owner.ask('PATCH', roomId, path, { body: { message: 'best', ifRev: 1 } });
    expect(stale).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict', current: messageIn(edited) } },
    });
    const staleToo = await owner.ask('DELETE', roomId, path, { query: { ifRev: 1 } });
    expect(staleToo).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });

    const deleted = await owner.ask('DELETE', roomId, path, { query: { ifRev: 2 } });
    expect(messageIn(deleted)).toMatchObject({ seq: 1, rev: 3, message: '' });
    expect(messageIn(deleted).deletedAt).toBeTypeOf('number');
    await bob.hears('messageUpdated', ({ change }) => change === 'deleted');
    expect(messageIn(await owner.ask('GET', roomId, path))).toEqual(messageIn(deleted));
    const late = await owner.ask('PATCH', roomId, path, { body: { message: 'too late' } });
    expect(refusedWith(late)).toEqual([404, 'message_not_found']);
  });

  it.concurrent('[MOD1] allows only moderators to delete messages of others, and keeps the note', async () => {
    const { roomId, owner, first } = await founded();
    const bob = await as('bob');
    const path = `/messages/${first.seq}`;
    const body = { message: 'mine now' };
    expect(refusedWith(await bob.ask('PATCH', roomId, path, { body }))).toEqual([403, 'forbidden']);
    expect(refusedWith(await bob.ask('DELETE', roomId, path))).toEqual([403, 'forbidden']);
    const { seq } = messageIn(
      await bob.ask('POST', roomId, '/messages', { body: { message: 'rude' } }),
    );
    const query = { note: 'house rules & co' };
    expect((await owner.ask('DELETE', roomId, `/messages/${seq}`, { query })).status).toBe(200);
    expect(await owner.ask('GET', roomId, '/audit')).toMatchObject({
      body: { acts: [{ act: 'deleteMessage', by: 'olga', userId: 'bob', seq, ...query }] },
    });
  });

  it.concurrent('adds and removes reactions of any emoji, with events to those present', async () => {
    const { roomId, owner } = await founded();
    const bob = await present('bob', roomId);
    const path = `/messages/1/reactions/${THUMB}`;
    const added = await owner.ask('PUT', roomId, path);
    expect(added).toMatchObject({
      status: 200,
      body: { message: { rev: 2, reactions: { '👍': 1 } }, myReactions: ['👍'] },
    });
    expect(await bob.hears('reactionsUpdated')).toEqual({
      roomId,
      seq: 1,
      rev: 2,
      reactions: { '👍': 1 },
      by: 'olga',
      emoji: '👍',
      added: true,
    });
    // A reaction that is there already takes no `rev`.
    expect(await owner.ask('PUT', roomId, path)).toMatchObject({ body: { message: { rev: 2 } } });
    await (
      await as('carl')
    ).ask('PUT', roomId, `/messages/1/reactions/${encodeURIComponent('a/b%')}`);

    const page = await owner.ask('GET', roomId, '/messages/1/reactions', { query: { limit: 1 } });
    expect(page.body).toEqual({
      reactions: [{ emoji: 'a/b%', userId: 'carl', username: 'carl' }],
      hasMore: true,
    });
    const rest = await owner.ask('GET', roomId, '/messages/1/reactions', {
      query: { after: 'a/b% carl' },
    });
    expect(rest.body).toEqual({
      reactions: [{ emoji: '👍', userId: 'olga', username: 'olga' }],
      hasMore: false,
    });
    const removed = await owner.ask('DELETE', roomId, path);
    expect(removed.body).toMatchObject({ message: { reactions: { 'a/b%': 1 } }, myReactions: [] });
    await bob.hears('reactionsUpdated', ({ added: isMore }) => !isMore);
    expect(refusedWith(await owner.ask('PUT', roomId, `/messages/9/reactions/${THUMB}`))).toEqual([
      404,
      'message_not_found',
    ]);
    expect(refusedWith(await owner.ask('PUT', roomId, '/messages/1/reactions/%FF'))).toEqual([
      400,
      'invalid_payload',
    ]);
  });

  it.concurrent('pages through history, threads and missed messages', async () => {
    const { roomId, owner } = await founded();
    for (let at = 2; at <= 6; at++) {
      const body = { message: `line ${at}`, ...(at > 4 && { replyTo: 1 }) };
      expect((await owner.ask('POST', roomId, '/messages', { body })).status).toBe(201);
    }
    const seqs = async (query: Record<string, string | number>) => {
      const { body } = await owner.ask('GET', roomId, '/messages', { query });
      const { messages, hasMore } = body as { messages: Message[]; hasMore: boolean };
      return [messages.map(({ seq }) => seq), hasMore];
    };
    expect(await seqs({})).toEqual([[1, 2, 3, 4, 5, 6], false]);
    expect(await seqs({ limit: 2 })).toEqual([[5, 6], true]);
    expect(await seqs({ before: 3, limit: 1 })).toEqual([[2], true]);
    expect(await seqs({ after: 4 })).toEqual([[5, 6], false]);
    expect(await seqs({ around: 3, limit: 2 })).toEqual([[2, 3], true]);
    expect(await seqs({ thread: 1 })).toEqual([[5, 6], false]);

    await owner.ask('PATCH', roomId, '/messages/2', { body: { message: 'changed' } });
    const { body } = await owner.ask('GET', roomId, '/missed', {
      query: { after: '0:0', limit: 5 },
    });
    const page = body as { messages: Message[]; position: string; complete: boolean };
    expect(page.messages.map(({ seq }) => seq)).toEqual([1, 3, 4, 5, 6]);
    expect(page.complete).toBe(false);
    const last = await owner.ask('GET', roomId, '/missed', { query: { after: page.position } });
    expect(last.body).toMatchObject({ messages: [{ seq: 2, rev: 7 }], complete: true });
    const lost = await owner.ask('GET', roomId, '/missed', { query: { after: 'elsewhere:3' } });
    expect(lost.body).toMatchObject({ reset: true, messages: [] });
  });

  it.concurrent('[SRCH1] finds words of every sender, for any query', async () => {
    const { roomId, owner } = await founded();
    const bob = await as('bob');
    await owner.ask('POST', roomId, '/messages', { body: { message: 'a blue whale' } });
    await bob.ask('POST', roomId, '/messages', { body: { message: 'a blue & a "green" bird' } });
    const found = async (query: Record<string, string | number>) => {
      const { status, body } = await bob.ask('GET', roomId, '/search', { query });
      expect(status).toBe(200);
      return (body as { results: { seq: number }[] }).results.map(({ seq }) => seq);
    };
    expect(await found({ q: 'blue' })).toEqual([3, 2]);
    expect(await found({ q: 'blue', from: 'olga' })).toEqual([2]);
    expect(await found({ q: 'blue', before: 3 })).toEqual([2]);
    expect(await found({ q: 'blue', limit: 1 })).toEqual([3]);
    expect(await found({ q: '& "green' })).toEqual([3]);
    expect(await found({ q: 'NEAR(* OR -"' })).toEqual([]);
    expect(await found({ q: '' })).toEqual([]);
    expect(await bob.ask('GET', roomId, '/search', { query: { query: 'first' } })).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_payload', field: 'q', message: 'q must be a string.' } },
    });
  });

  it.concurrent('[MOD1] changes a room, with events to those present, and refuses users without the role', async () => {
    const { roomId, owner } = await founded();
    const bob = await present('bob', roomId);
    const body = { topic: 'Whales', slowModeSeconds: 5, retentionDays: 30 };
    const set = await owner.ask('PATCH', roomId, '', { body });
    expect(set).toMatchObject({ status: 200, body: { room: { roomId, ...body } } });
    expect(await bob.hears('roomUpdated')).toEqual((set.body as { room: unknown }).room);
    expect(await owner.ask('GET', roomId)).toMatchObject({ body: { room: body, onlineCount: 1 } });
    const stranger = await as('stranger');
    expect(refusedWith(await stranger.ask('PATCH', roomId, '', { body }))).toEqual([
      403,
      'forbidden',
    ]);
    const wrong = await owner.ask('PATCH', roomId, '', { body: { slowModeSeconds: 'much' } });
    expect(wrong).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_payload', field: 'slowModeSeconds' } },
    });
  });

  it.concurrent('[MOD5] [MOD3] applies slow mode and read-only rooms to HTTP', async () => {
    const { roomId, owner } = await founded();
    const bob = await as('bob');
    const body = { message: 'hi' };
    await owner.ask('PATCH', roomId, '', { body: { slowModeSeconds: 3_600 } });
    expect((await bob.ask('POST', roomId, '/messages', { body })).status).toBe(201);
    const slowed = await bob.ask('POST', roomId, '/messages', { body });
    expect(refusedWith(slowed)).toEqual([429, 'slow_mode']);
    expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(3_000);
    expect(Number(slowed.headers.get('retry-after'))).toBeLessThanOrEqual(3_600);

    await owner.ask('PATCH', roomId, '', { body: { readOnly: true, slowModeSeconds: 0 } });
    expect(refusedWith(await bob.ask('POST', roomId, '/messages', { body }))).toEqual([
      403,
      'forbidden',
    ]);
    expect(refusedWith(await bob.ask('PATCH', roomId, '/messages/2', { body }))).toEqual([
      403,
      'forbidden',
    ]);
    expect(refusedWith(await bob.ask('PUT', roomId, `/messages/1/reactions/${THUMB}`))).toEqual([
      403,
      'forbidden',
    ]);
    expect((await bob.ask('GET', roomId, '/messages')).status).toBe(200);
    expect((await owner.ask('POST', roomId, '/messages', { body })).status).toBe(201);
  });

  it.concurrent('[MOD4] shows a private room only to its members', async () => {
    const { roomId, owner } = await founded();
    await owner.ask('PATCH', roomId, '', { body: { private: true } });
    const bob = await as('bob');
    const asked = [
      await bob.ask('GET', roomId),
      await bob.ask('GET', roomId, '/messages'),
      await bob.ask('GET', roomId, '/messages/1'),
      await bob.ask('POST', roomId, '/messages', { body: { message: 'hi' } }),
      await bob.ask('GET', roomId, '/missed', { query: { after: '0:0' } }),
      await bob.ask('GET', roomId, '/search', { query: { q: 'first' } }),
      await bob.ask('GET', roomId, '/members'),
      await bob.ask('GET', roomId, '/events'),
    ];
    for (const answer of asked) expect(refusedWith(answer)).toEqual([404, 'room_not_found']);
    const invited = await owner.ask('PUT', roomId, '/members/bob', { body: { role: 'viewer' } });
    expect(invited.body).toEqual({
      member: { userId: 'bob', username: 'bob', role: 'viewer', online: false },
    });
    expect((await bob.ask('GET', roomId)).status).toBe(200);
    expect(
      refusedWith(await bob.ask('POST', roomId, '/messages', { body: { message: 'hi' } })),
    ).toEqual([403, 'forbidden']);
    const granted = await as('gina', { rooms: { [roomId]: 'member' } });
    expect((await granted.ask('GET', roomId)).status).toBe(200);
  });

  it.concurrent('[HIST1] lists members and online users by pages', async () => {
    const { roomId, owner } = await founded();
    await present('zoe', roomId);
    await owner.ask('PUT', roomId, '/members/ann', { body: { role: 'moderator' } });
    const listed = async (query: Record<string, string | number>) => {
      const { body } = await owner.ask('GET', roomId, '/members', { query });
      const { members, ...counts } = body as { members: { userId: string }[] };
      return { ids: members.map(({ userId }) => userId), ...counts };
    };
    const counts = { memberCount: 2, onlineCount: 1 };
    expect(await listed({})).toEqual({ ids: ['ann', 'olga'], hasMore: false, ...counts });
    expect(await listed({ limit: 1 })).toEqual({ ids: ['ann'], hasMore: true, ...counts });
    expect(await listed({ after: 'ann' })).toEqual({ ids: ['olga'], hasMore: false, ...counts });
    expect(await listed({ online: 'true' })).toEqual({ ids: ['zoe'], hasMore: false, ...counts });
    expect(await listed({ prefix: 'OL' })).toEqual({ ids: ['olga'], hasMore: false, ...counts });
    expect(await listed({ prefix: 'z', online: 'true' })).toMatchObject({ ids: ['zoe'] });
    const wrong = await owner.ask('GET', roomId, '/members', { query: { online: 'maybe' } });
    expect(wrong).toMatchObject({ status: 400, body: { error: { field: 'online' } } });
  });

  it.concurrent('[MOD2] gives roles within bounds, with events to those present', async () => {
    const { roomId, owner } = await founded();
    const bob = await present('bob', roomId);
    const carl = await as('carl');
    const path = '/members/bob';
    expect(
      refusedWith(await carl.ask('PUT', roomId, path, { body: { role: 'moderator' } })),
    ).toEqual([403, 'forbidden']);
    await owner.ask('PUT', roomId, path, { body: { role: 'moderator', note: 'trusted' } });
    expect(await bob.hears('memberUpdated')).toMatchObject({
      roomId,
      userId: 'bob',
      role: 'moderator',
      online: true,
      by: 'olga',
    });
    const asBob = await as('bob');
    expect(
      refusedWith(await asBob.ask('PUT', roomId, '/members/carl', { body: { role: 'owner' } })),
    ).toEqual([403, 'forbidden']);
    expect(
      refusedWith(await owner.ask('PUT', roomId, '/members/olga', { body: { role: 'member' } })),
    ).toEqual([403, 'forbidden']);
    expect(refusedWith(await owner.ask('PUT', roomId, path, { body: { role: 'king' } }))).toEqual([
      400,
      'invalid_payload',
    ]);
    const taken = await owner.ask('PUT', roomId, path, { body: { role: 'none' } });
    expect(taken.body).toMatchObject({ member: { role: 'none' } });
  });

  it.concurrent('bans a user and unbans them', async () => {
    const { roomId, owner } = await founded();
    const bob = await present('bob', roomId);
    const asBob = await as('bob');
    expect(refusedWith(await asBob.ask('PUT', roomId, '/bans/carl'))).toEqual([403, 'forbidden']);
    const banned = await owner.ask('PUT', roomId, '/bans/bob', { body: { note: 'spam' } });
    expect(banned).toMatchObject({
      status: 200,
      body: { member: { userId: 'bob', banned: true } },
    });
    expect(await bob.ended()).toBe(4502);
    const asked = [
      await asBob.ask('GET', roomId),
      await asBob.ask('POST', roomId, '/messages', { body: { message: 'hi' } }),
      await asBob.ask('GET', roomId, '/events'),
    ];
    for (const answer of asked) expect(refusedWith(answer)).toEqual([403, 'banned']);
    const back = await owner.ask('DELETE', roomId, '/bans/bob', { query: { note: 'sorry' } });
    expect(back.body).toMatchObject({ member: { userId: 'bob' } });
    expect((await asBob.ask('GET', roomId)).status).toBe(200);
    expect(await owner.ask('GET', roomId, '/audit')).toMatchObject({
      body: {
        acts: [
          { act: 'unbanMember', userId: 'bob', note: 'sorry' },
          { act: 'banMember', userId: 'bob', note: 'spam' },
        ],
        hasMore: false,
      },
    });
  });

  it.concurrent('[MOD3] [HTTP2] mutes a user, who may still read, with a duration in the body or without', async () => {
    const { roomId, owner } = await founded();
    const bob = await as('bob');
    const body = { message: 'hi' };
    await bob.ask('POST', roomId, '/messages', { body });
    const muted = await owner.ask('PUT', roomId, '/mutes/bob', { body: { seconds: 1_000 } });
    expect(muted.body).toMatchObject({ member: { mutedUntil: expect.any(Number) as number } });
    const asked = [
      await bob.ask('POST', roomId, '/messages', { body }),
      await bob.ask('PATCH', roomId, '/messages/2', { body }),
      await bob.ask('PUT', roomId, `/messages/1/reactions/${THUMB}`),
    ];
    for (const answer of asked) {
      expect(refusedWith(answer)).toEqual([403, 'muted']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(900);
    }
    expect((await bob.ask('GET', roomId, '/messages')).status).toBe(200);
    expect((await bob.ask('PUT', roomId, '/read', { body: { readUpTo: 1 } })).status).toBe(200);
    expect((await owner.ask('DELETE', roomId, '/mutes/bob')).status).toBe(200);
    expect((await bob.ask('POST', roomId, '/messages', { body })).status).toBe(201);
    // Without a body, a mute lasts for the default of 10 minutes.
    const before = Date.now();
    const again = await owner.ask('PUT', roomId, '/mutes/bob');
    const { mutedUntil } = (again.body as { member: { mutedUntil: number } }).member;
    expect(mutedUntil - before).toBeGreaterThan(590_000);
    expect(mutedUntil - Date.now()).toBeLessThanOrEqual(600_000);
  });

  it.concurrent('[READ1] keeps read positions, which only increase', async () => {
    const { roomId, owner } = await founded();
    for (const message of ['two', 'three']) {
      await owner.ask('POST', roomId, '/messages', { body: { message } });
    }
    const bob = await present('bob', roomId);
    const asBob = await as('bob');
    const read = async (readUpTo: unknown) => {
      const { status, body } = await asBob.ask('PUT', roomId, '/read', { body: { readUpTo } });
      return [status, body];
    };
    expect(await read(1)).toEqual([200, { readUpTo: 1, unread: 2, unreadMentions: 0 }]);
    expect(await bob.hears('readReceipts')).toEqual({
      roomId,
      receipts: [{ userId: 'bob', readUpTo: 1 }],
    });
    expect(await read(3)).toEqual([200, { readUpTo: 3, unread: 0, unreadMentions: 0 }]);
    expect(await read(2)).toEqual([200, { readUpTo: 3, unread: 0, unreadMentions: 0 }]);
    expect((await read(-1))[0]).toBe(400);
  });

  it.concurrent('[MOD7] shows the audit list only to moderators, newest first', async () => {
    const { roomId, owner } = await founded();
    const bob = await as('bob');
    expect(refusedWith(await bob.ask('GET', roomId, '/audit'))).toEqual([403, 'forbidden']);
    for (const topic of ['one', 'two', 'three']) {
      await owner.ask('PATCH', roomId, '', { body: { topic } });
    }
    const { body } = await owner.ask('GET', roomId, '/audit', { query: { limit: 2 } });
    const { acts, hasMore } = body as { acts: { id: number; change: object }[]; hasMore: boolean };
    expect(acts.map(({ change }) => change)).toEqual([{ topic: 'three' }, { topic: 'two' }]);
    expect(hasMore).toBe(true);
    const rest = await owner.ask('GET', roomId, '/audit', { query: { before: acts[1]!.id } });
    expect(rest.body).toMatchObject({ acts: [{ change: { topic: 'one' } }], hasMore: false });
  });

  it.concurrent('names the invalid field of a path, a query or a body', async () => {
    const { roomId, owner } = await founded();
    const wrong: [Answered, field: string][] = [
      [await owner.ask('GET', roomId, '/messages/first'), 'seq'],
      [await owner.ask('GET', roomId, '/messages/0'), 'seq'],
      [await owner.ask('GET', roomId, '/messages/99999999999999999999'), 'seq'],
      [await owner.ask('GET', roomId, '/messages', { query: { limit: 'all' } }), 'limit'],
      [await owner.ask('GET', roomId, '/messages', { query: { limit: 101 } }), 'limit'],
      [await owner.ask('GET', roomId, '/messages', { query: { before: 1, after: 1 } }), 'before'],
      [await owner.ask('GET', roomId, '/missed'), 'after'],
      [await owner.ask('GET', roomId, '/missed', { query: { after: '5' } }), 'after'],
      [await owner.ask('GET', roomId, '/events', { query: { since: 'then' } }), 'since'],
      [await owner.ask('DELETE', roomId, '/messages/1', { query: { ifRev: 'x' } }), 'ifRev'],
      [await owner.ask('POST', roomId, '/messages', { body: {} }), 'message'],
      [await owner.ask('POST', roomId, '/messages', { body: '["hi"]' }), 'body'],
      [await owner.ask('POST', roomId, '/messages', { body: '{"message":' }), 'body'],
      [await owner.ask('POST', roomId, '/messages', { body: '{"message":"\\ud800"}' }), 'message'],
      [
        await owner.ask('POST', roomId, '/messages', {
          body: '{"message":"hi","meta":{"__proto__":{}}}',
        }),
        '__proto__',
      ],
      [
        await owner.ask('POST', roomId, '/messages', { body: { message: 'hi', roomId: 'other' } }),
        'roomId',
      ],
      [await owner.ask('GET', ' padded'), 'roomId'],
      [await owner.ask('PUT', roomId, `/bans/${'x'.repeat(129)}`), 'userId'],
    ];
    for (const [answer, field] of wrong) {
      expect(answer).toMatchObject({
        status: 400,
        body: { error: { code: 'invalid_payload', field } },
      });
    }
    expect(refusedWith(await owner.ask('GET', roomId, '/messages/7'))).toEqual([
      404,
      'message_not_found',
    ]);
    const plain = await owner.ask('POST', roomId, '/messages', {
      body: '{"message":"hi"}',
      headers: { 'content-type': 'text/plain' },
    });
    expect(refusedWith(plain)).toEqual([400, 'invalid_payload']);
    const deep = `{"message":"hi","meta":{"a":${'['.repeat(40)}${']'.repeat(40)}}}`;
    const tooDeep = await owner.ask('POST', roomId, '/messages', { body: deep });
    expect(refusedWith(tooDeep)).toEqual([400, 'invalid_payload']);
    const none = await owner.ask('GET', roomId, '/messages', { query: { before: 2 } });
    expect((none.body as { messages: Message[] }).messages).toHaveLength(1);
  });

  it.concurrent('[ERR2] [ERR3] refuses a message or a body over its limit', async () => {
    const { roomId, owner } = await founded();
    const send = (message: string) => owner.ask('POST', roomId, '/messages', { body: { message } });
    expect((await send('語'.repeat(2_730))).status).toBe(201);
    expect(refusedWith(await send('語'.repeat(2_731)))).toEqual([413, 'too_large']);
    const large = JSON.stringify({ message: 'x'.repeat(70_000) });
    expect(refusedWith(await owner.send(roomId, '/messages', large))).toEqual([413, 'too_large']);
    const edit = { body: { message: 'x'.repeat(9_000) } };
    expect(refusedWith(await owner.ask('PATCH', roomId, '/messages/1', edit))).toEqual([
      413,
      'too_large',
    ]);
  });

  it.concurrent('[AUTH1] refuses requests without a valid token', async () => {
    const roomId = newRoom();
    const nobody = new HttpVisitor(hosts[name].url, undefined);
    expect(refusedWith(await nobody.ask('GET', roomId))).toEqual([401, 'unauthorized']);
    expect(refusedWith(await nobody.ask('GET', roomId, '/events'))).toEqual([401, 'unauthorized']);
    const forged = new HttpVisitor(hosts[name].url, `${await tokenFor('alice')}x`);
    expect(refusedWith(await forged.ask('GET', roomId))).toEqual([401, 'unauthorized']);
    const late = await as('alice', { exp: Math.floor(Date.now() / 1_000) - 60 });
    expect(refusedWith(await late.ask('GET', roomId))).toEqual([401, 'token_expired']);
  });

  it.concurrent('[HTTP1] answers an unknown path and a wrong method in JSON', async () => {
    const roomId = newRoom();
    const alice = await as('alice');
    for (const path of ['/nothing', '/messages/1/nothing', '/messages/', '/bans']) {
      const answer = await alice.ask('GET', roomId, path);
      expect(refusedWith(answer), path).toEqual([404, 'unknown_command']);
    }
    const wrong: [method: 'PUT' | 'POST' | 'DELETE', path: string, allow: string][] = [
      ['DELETE', '/messages', 'GET, HEAD, POST'],
      ['PUT', '/messages/1', 'DELETE, GET, HEAD, PATCH'],
      ['POST', `/messages/1/reactions/${THUMB}`, 'DELETE, PUT'],
      ['POST', '/bans/bob', 'DELETE, PUT'],
      ['POST', '/events', 'GET, HEAD'],
      ['DELETE', '/read', 'PUT'],
    ];
    for (const [method, path, allow] of wrong) {
      const answer = await alice.ask(method, roomId, path);
      expect(refusedWith(answer), path).toEqual([405, 'unknown_command']);
      expect(answer.headers.get('allow'), path).toBe(allow);
    }
    const elsewhere = await fetch(`${hosts[name].url}/health`, { method: 'POST' });
    expect(elsewhere.status).toBe(405);
    expect(elsewhere.headers.get('allow')).toBe('GET, HEAD');
  });
});

function messageIn({ body }: Answered): Message {
  return (body as { message: Message }).message;
}

function refusedWith({ status, body }: Answered): [number, string | undefined] {
  return [status, (body as { error?: { code: string } }).error?.code];
}
