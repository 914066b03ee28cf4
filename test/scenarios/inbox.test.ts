import { afterAll, describe, expect, it, vi } from 'vitest';
import type { HostName } from '../../src/settings/declarations.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { type InboxVisitor, NativeInbox, SocketIoInbox } from '../support/inbox-visitor.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

const visitors: InboxVisitor[] = [];

afterAll(() => {
  for (const visitor of visitors) visitor.close();
});

const hosts = useHosts();

/** Every transport of every host over which an inbox can be opened. */
const transports: {
  name: string;
  host: HostName;
  visit: (url: string, token: string) => InboxVisitor;
}[] = [
  { name: 'native@node', host: 'node', visit: (url, token) => new NativeInbox(url, token) },
  { name: 'native@edge', host: 'edge', visit: (url, token) => new NativeInbox(url, token) },
  ...(['node', 'edge'] as const).flatMap((host) =>
    ([['polling'], ['websocket'], ['polling', 'websocket']] as const).map((ways) => ({
      name: `Socket.IO by ${ways.join(' and ')}@${host}`,
      host,
      visit: (url: string, token: string) => new SocketIoInbox(url, token, [...ways]),
    })),
  ),
];

describe.concurrent.each(transports)('an inbox at $name', ({ host, visit }) => {
  const inboxOf = async (userId: string, claims = {}) => {
    const visitor = visit(hosts[host].url, await tokenFor(userId, claims));
    visitors.push(visitor);
    return visitor;
  };
  const http = async (userId: string, claims = {}) =>
    new HttpVisitor(hosts[host].url, await tokenFor(userId, claims));
  /** A new room with two members: `one` has written, then `other`. */
  const sharedRoom = async (one: string, other: string) => {
    const roomId = newRoom();
    const [first, second] = [await http(one), await http(other)];
    await first.ask('POST', roomId, '/messages', { body: { message: 'welcome' } });
    await second.ask('POST', roomId, '/messages', { body: { message: 'thanks' } });
    return { roomId, first, second };
  };
  const newUser = (name: string) => `${name}-${crypto.randomUUID()}`;

  it('refuses getFileToken, which is for rooms, and goes on', async () => {
    const inbox = await inboxOf(newUser('ann'));
    ok(await inbox.open());
    const refused = await inbox.command('getFileToken' as never, {} as never);
    expect(refused).toMatchObject({ ok: false });
    ok(await inbox.command('getInbox', {}));
  });

  it('[INB1] gets one update when a room turns unread, and one when it was read elsewhere', async () => {
    const [ann, bob] = [newUser('ann'), newUser('bob')];
    const inbox = await inboxOf(ann);
    const opened = ok(await inbox.open());
    expect(opened).toMatchObject({
      conversations: [],
      hasMore: false,
      totals: { unread: 0, mentions: 0 },
    });
    const { roomId, first, second } = await sharedRoom(ann, bob);
    await second.ask('POST', roomId, '/messages', {
      body: { message: 'one\n  two', mentions: [ann] },
    });
    const unread = await inbox.hears(
      'conversationUpdated',
      (one) => one.roomId === roomId && one.unreadMentions === 1,
    );
    expect(unread).toMatchObject({
      kind: 'room',
      role: 'owner',
      notify: 'mentions',
      last: { senderId: bob, sender: bob, excerpt: 'one two' },
    });
    expect(unread.unread).toBeGreaterThan(0);
    await inbox.hears(
      'inboxTotals',
      ({ unread: rooms, mentions }) => rooms === 1 && mentions === 1,
    );
    await first.ask('PUT', roomId, '/read', { body: { readUpTo: 3 } });
    const read = await inbox.hears(
      'conversationUpdated',
      (one) => one.roomId === roomId && one.readUpTo === 3,
    );
    expect(read).toMatchObject({ unread: 0, unreadMentions: 0 });
    await inbox.hears(
      'inboxTotals',
      ({ unread: rooms, mentions }) => rooms === 0 && mentions === 0,
    );
  });

  it('[INB2] keeps what the user sets for a room, and shows it on their other devices', async () => {
    const [ann, bob] = [newUser('ann'), newUser('bob')];
    const [laptop, phone] = [await inboxOf(ann), await inboxOf(ann)];
    ok(await laptop.open());
    ok(await phone.open());
    const { roomId } = await sharedRoom(ann, bob);
    await laptop.hears('conversationUpdated', (one) => one.roomId === roomId && one.unread === 1);
    const { conversation } = await laptop.ask('setConversation', {
      roomId,
      pinned: true,
      draft: 'not yet said',
      notify: 'all',
      readUpTo: 2,
    });
    expect(conversation).toMatchObject({
      pinned: true,
      draft: 'not yet said',
      notify: 'all',
      readUpTo: 2,
      unread: 0,
    });
    await phone.hears(
      'conversationUpdated',
      (one) => one.roomId === roomId && one.draft === 'not yet said' && one.pinned === true,
    );
    await laptop.ask('setConversation', { roomId, unreadFrom: 1 });
    await phone.hears('conversationUpdated', (one) => one.unreadFrom === 1 && one.unread === 1);
    const page = await phone.ask('getInbox', { filter: 'unread' });
    expect(page.conversations).toMatchObject([{ roomId, hasDraft: true, unread: 1, readUpTo: 2 }]);
    expect(page.conversations[0]).not.toHaveProperty('draft');
    await phone.ask('setConversation', { roomId, archived: true });
    expect((await laptop.ask('getInbox', {})).conversations).toEqual([]);
    expect((await laptop.ask('getInbox', { filter: 'archived' })).conversations).toHaveLength(1);
  });

  it('[INB3] resumes from a position with what has changed and what is gone', async () => {
    const [ann, bob] = [newUser('ann'), newUser('bob')];
    const inbox = await inboxOf(ann);
    const { position } = ok(await inbox.open());
    const [kept, quit] = [await sharedRoom(bob, ann), await sharedRoom(bob, ann)];
    for (const { roomId } of [kept, quit]) {
      await inbox.hears('conversationUpdated', (one) => one.roomId === roomId);
    }
    await inbox.ask('quitRoom', { roomId: quit.roomId });
    const again = await inboxOf(ann);
    const missed = ok(await again.open({ since: position }));
    expect(missed.conversations.map(({ roomId }) => roomId)).toEqual([kept.roomId]);
    expect(missed.removed).toEqual([quit.roomId]);
    expect(missed.reset).toBeUndefined();
    const there = ok(await (await inboxOf(ann)).open({ since: missed.position }));
    expect(there.conversations).toEqual([]);
    const elsewhere = ok(await (await inboxOf(ann)).open({ since: 'another:7' }));
    expect(elsewhere.reset).toBe(true);
  });

  it('[INB5] quits a room for good that has not sent the inbox an update yet', async () => {
    const [ann, bob] = [newUser('ann'), newUser('bob')];
    const inbox = await inboxOf(bob);
    ok(await inbox.open());
    const { roomId, first } = await sharedRoom(ann, bob);
    ok(await inbox.command('quitRoom', { roomId }));
    const { roomId: kept } = await sharedRoom(ann, bob);
    await inbox.hears('conversationUpdated', (one) => one.roomId === kept);
    const { conversations } = await inbox.ask('getInbox', {});
    expect(conversations.map((one) => one.roomId)).toEqual([kept]);
    const { body } = await first.ask('GET', roomId, '/members');
    expect(body).toMatchObject({ members: [{ userId: ann }], hasMore: false });
    ok(await inbox.command('quitRoom', { roomId: newRoom() }));
  });

  it('[INB4] opens a direct room with a user of a shared room, who gets it with the first message', async () => {
    const [ann, bob, eve] = [newUser('ann'), newUser('bob'), newUser('eve')];
    const [annsInbox, bobsInbox] = [await inboxOf(ann), await inboxOf(bob)];
    ok(await annsInbox.open());
    ok(await bobsInbox.open());
    const { roomId: shared } = await sharedRoom(ann, bob);
    for (const inbox of [annsInbox, bobsInbox]) {
      await inbox.hears('conversationUpdated', (one) => one.roomId === shared);
    }
    const refused = await annsInbox.command('openDirect', { userId: eve });
    expect(refused).toMatchObject({ ok: false, error: { code: 'member_not_found' } });
    const { conversation } = await annsInbox.ask('openDirect', { userId: bob });
    expect(conversation).toMatchObject({ kind: 'direct', with: { userId: bob }, notify: 'all' });
    const { roomId } = conversation;
    expect(roomId).toMatch(/^direct:[\w-]{22}$/);
    const stranger = new NativeVisitor(hosts[host].url, { token: await tokenFor(eve) });
    expect(await stranger.join(roomId)).toMatchObject({
      ok: false,
      error: { code: 'room_not_found' },
    });
    const speaker = await http(ann);
    await speaker.ask('POST', roomId, '/messages', { body: { message: 'a word with you' } });
    await bobsInbox.hears(
      'conversationUpdated',
      (one) => one.roomId === roomId && one.unread === 1 && one.with?.userId === ann,
    );
    await bobsInbox.ask('blockUser', { userId: ann });
    expect((await bobsInbox.ask('getBlocked', {})).users).toEqual([{ userId: ann }]);
    const blocked = await annsInbox.command('openDirect', { userId: bob });
    expect(blocked).toMatchObject({ ok: false, error: { code: 'member_not_found' } });
    await bobsInbox.ask('unblockUser', { userId: ann });
    await annsInbox.ask('openDirect', { userId: bob });
  });

  it('[PUSH7] takes push subscriptions where there are keys, and says where there are none', async () => {
    const inbox = await inboxOf(newUser('ann'));
    ok(await inbox.open());
    const endpoint = 'https://fcm.googleapis.com/fcm/send/1';
    const keys = { p256dh: `B${'x'.repeat(86)}`, auth: 'y'.repeat(22) };
    const refused = await inbox.command('subscribePush', { endpoint, keys });
    expect(refused).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    const wrong = await inbox.command('subscribePush', { endpoint, keys: { ...keys, auth: '' } });
    expect(wrong).toMatchObject({ error: { code: 'invalid_payload', field: 'keys.auth' } });
    expect(await inbox.ask('unsubscribePush', { endpoint })).toEqual({ ok: true });
  });

  it('[INB5] loses a room that is deleted, or that bans its user', async () => {
    const [ann, bob] = [newUser('ann'), newUser('bob')];
    const inbox = await inboxOf(bob);
    ok(await inbox.open());
    const [ends, bans] = [await sharedRoom(ann, bob), await sharedRoom(ann, bob)];
    for (const { roomId } of [ends, bans]) {
      await inbox.hears('conversationUpdated', (one) => one.roomId === roomId);
    }
    await ends.first.ask('DELETE', ends.roomId);
    await inbox.hears('conversationRemoved', ({ roomId }) => roomId === ends.roomId);
    await bans.first.ask('PUT', bans.roomId, `/bans/${bob}`);
    await inbox.hears('conversationRemoved', ({ roomId }) => roomId === bans.roomId);
    expect((await inbox.ask('getInbox', {})).conversations).toEqual([]);
  });
});

describe.concurrent.each<HostName>(['node', 'edge'])(
  'an inbox over HTTP at the %s host',
  (name) => {
    const tokens = (userId: string) => tokenFor(userId);
    const call = async (userId: string, method: string, path: string, body?: object) => {
      const response = await fetch(`${hosts[name].url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await tokens(userId)}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      expect(response.headers.get('cache-control')).toBe('no-store');
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const newUser = (prefix: string) => `${prefix}-${crypto.randomUUID()}`;
    const sharedRoom = async (one: string, other: string) => {
      const path = `/rooms/${newRoom()}`;
      await call(one, 'POST', `${path}/messages`, { message: 'welcome' });
      await call(other, 'POST', `${path}/messages`, { message: 'thanks' });
      return path.slice('/rooms/'.length);
    };

    it('[INB6] is listed, changed, followed by polls and rebuilt', async () => {
      const [ann, bob] = [newUser('ann'), newUser('bob')];
      const { body: empty } = await call(ann, 'GET', '/inbox');
      expect(empty).toMatchObject({ conversations: [], totals: { unread: 0, mentions: 0 } });
      const polled = call(ann, 'GET', `/inbox/events?since=${empty['position'] as string}`);
      const roomId = await sharedRoom(ann, bob);
      const { body: found } = await polled;
      expect((found['events'] as unknown[])[0]).toMatchObject(['conversationUpdated', { roomId }]);
      const patched = await call(ann, 'PATCH', `/inbox/${roomId}`, { readUpTo: 2, pinned: true });
      expect(patched.body).toMatchObject({ conversation: { roomId, readUpTo: 2, pinned: true } });
      const rebuilt = await call(ann, 'POST', '/inbox/rebuild');
      expect(rebuilt).toEqual({ status: 200, body: { done: true, left: 0 } });
      const missed = await call(ann, 'GET', `/inbox?since=${empty['position'] as string}`);
      expect(missed.body).toMatchObject({ conversations: [{ roomId, unread: 0, readUpTo: 2 }] });
      const wrong = await call(ann, 'PATCH', '/inbox/elsewhere', { pinned: true });
      expect(wrong).toMatchObject({ status: 404, body: { error: { code: 'room_not_found' } } });
    });

    it('[INB6] is followed by a stream of events, each with the position to come back with', async () => {
      const [ann, bob] = [newUser('ann'), newUser('bob')];
      const stream = await fetch(`${hosts[name].url}/inbox/events?since=0:0`, {
        headers: { authorization: `Bearer ${await tokens(ann)}`, accept: 'text/event-stream' },
      });
      const roomId = await sharedRoom(ann, bob);
      const decoder = new TextDecoder();
      const whole = /id: [\w-]+:\d+\nevent: conversationUpdated\ndata: (\{.*\})\n\n/;
      let text = '';
      for await (const chunk of stream.body!) {
        text += decoder.decode(chunk, { stream: true });
        if (whole.test(text)) break;
      }
      expect(JSON.parse(whole.exec(text)?.[1] ?? '{}')).toMatchObject({ roomId });
    });

    it('[INB9] is erased with its user, from all rooms, by an admin', async () => {
      const [ann, bob] = [newUser('ann'), newUser('bob')];
      const { body: empty } = await call(ann, 'GET', '/inbox');
      // Right before the erasure, so that the room's update may arrive after it.
      const roomId = await sharedRoom(bob, ann);
      expect((await call(bob, 'DELETE', `/users/${ann}`)).status).toBe(403);
      const erase = async () => {
        const response = await fetch(`${hosts[name].url}/users/${ann}`, {
          method: 'DELETE',
          headers: { authorization: `Bearer ${await tokenFor('root', { admin: true })}` },
        });
        return response.status;
      };
      let status = await erase();
      while (status === 202) status = await erase();
      expect(status).toBe(200);
      const { body: after } = await call(ann, 'GET', '/inbox');
      expect(after).toMatchObject({ conversations: [], totals: { unread: 0, mentions: 0 } });
      expect(after['epoch']).not.toBe(empty['epoch']);
      await vi.waitFor(
        async () => {
          const { body } = await call(bob, 'GET', `/rooms/${roomId}/messages`);
          expect(JSON.stringify(body)).not.toContain(ann);
        },
        { timeout: 120_000, interval: 100 },
      );
    });

    it('[INB10] exports what its user wrote, to the user and to admins', async () => {
      const [ann, bob] = [newUser('ann'), newUser('bob')];
      const roomId = await sharedRoom(bob, ann);
      await call(ann, 'PUT', `/rooms/${roomId}/messages/1/reactions/${encodeURIComponent('👍')}`);
      await call(ann, 'PATCH', `/inbox/${roomId}`, { draft: 'not yet said' });
      await call(ann, 'PUT', `/blocks/${bob}`);
      const exported = async (path: string, asking: string, claims = {}) => {
        const response = await fetch(`${hosts[name].url}${path}`, {
          headers: { authorization: `Bearer ${await tokenFor(asking, claims)}` },
        });
        return {
          status: response.status,
          type: response.headers.get('content-type'),
          text: await response.text(),
        };
      };
      const path = `/users/${ann}/export`;
      expect((await exported(path, bob)).status).toBe(403);
      const { status, type, text } = await exported(path, ann);
      expect([status, type]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
      const lines = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object);
      expect(lines).toMatchObject([
        { type: 'export', version: 1, userId: ann },
        { type: 'conversation', roomId, draft: 'not yet said' },
        { type: 'member', roomId, userId: ann },
        { type: 'message', roomId, senderId: ann, message: 'thanks' },
        { type: 'reaction', roomId, seq: 1, emoji: '👍' },
        { type: 'block', userId: bob },
        { type: 'end' },
      ]);
      const asAdmin = await exported(path, 'root', { admin: true });
      const types = (all: string) => [...all.matchAll(/^\{"type":"(\w+)"/gm)].map(([, one]) => one);
      expect(types(asAdmin.text)).toEqual(types(text));
      const unknown = await exported('/users/nobody%20known/export', 'root', { admin: true });
      expect(unknown.text).toMatch(/^\{"type":"export".*\}\n\{"type":"end"\}\n$/);
    });

    it('[INB6] opens direct rooms and blocks users, and is refused to guests', async () => {
      const [ann, bob] = [newUser('ann'), newUser('bob')];
      const told = [ann, bob].map(async (userId) => {
        const { body } = await call(userId, 'GET', '/inbox');
        return call(userId, 'GET', `/inbox/events?since=${body['position'] as string}`);
      });
      await sharedRoom(ann, bob);
      await Promise.all(told);
      const direct = await call(ann, 'POST', '/directs', { userId: bob });
      expect(direct.body).toMatchObject({
        conversation: { kind: 'direct', with: { userId: bob } },
      });
      expect(await call(bob, 'PUT', `/blocks/${ann}`)).toMatchObject({ status: 200 });
      expect((await call(bob, 'GET', '/blocks')).body).toMatchObject({ users: [{ userId: ann }] });
      expect((await call(ann, 'POST', '/directs', { userId: bob })).status).toBe(404);
      expect(await call(bob, 'DELETE', `/blocks/${ann}`)).toMatchObject({ status: 200 });
    });
  },
);
