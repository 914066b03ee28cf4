import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { HostName } from '../../src/settings/declarations.ts';
import { startHost, type Host, type TestSettings } from '../support/hosts.ts';
import { NativeInbox } from '../support/inbox-visitor.ts';
import { pushKeys, PushService, type PushBrowser } from '../support/push-service.ts';
import { newRoom } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

const newUser = (prefix: string) => `${prefix}-${crypto.randomUUID()}`;

describe.each<HostName>(['node', 'edge'])('by Web Push, the %s host', (name) => {
  let service: PushService;
  let host: Host;
  const start = async (more: TestSettings = {}) =>
    startHost[name]({
      ...pushKeys,
      VAPID_SUBJECT: 'mailto:admin@example.com',
      PUSH_HOSTS: `fcm.googleapis.com,${service.origin}`,
      COMMAND_BURST: '10000',
      ...more,
    });

  beforeAll(async () => {
    service = await new PushService().listen();
    host = await start();
  });
  afterAll(async () => {
    await host.close();
    service.close();
    expect(host.failures).toEqual([]);
  });

  const call = async (
    userId: string,
    method: string,
    path: string,
    body?: object,
    { at = host, claims = {} } = {},
  ) => {
    const response = await fetch(`${at.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await tokenFor(userId, claims)}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const say = async (userId: string, roomId: string, message: string, more = {}, at = host) => {
    const path = `/rooms/${roomId}/messages`;
    const { body } = await call(userId, 'POST', path, { message, ...more }, { at });
    return body['message'] as { seq: number };
  };
  /** A user whose browser is subscribed, another user, and a room with both. */
  const subscribed = async (at = host) => {
    const [ann, bob, roomId] = [newUser('ann'), newUser('bob'), newRoom()];
    const browser = service.browser();
    const answer = await call(ann, 'PUT', '/inbox/push', browser.subscription, { at });
    expect(answer).toEqual({ status: 200, body: {} });
    await say(ann, roomId, 'welcome', {}, at);
    await say(bob, roomId, 'thanks', {}, at);
    return { ann, bob, roomId, browser };
  };
  /** Sets fields of a conversation, once the room's first update has reached the inbox. */
  const choose = async (userId: string, roomId: string, choice: object) => {
    const patch = () => call(userId, 'PATCH', `/inbox/${roomId}`, choice);
    for (let status = 404; status === 404;) ({ status } = await patch());
  };
  /** Waits for so many attempts, keeping the inbox awake: only then are there retries within a minute. */
  const attempted = async (userId: string, browser: PushBrowser, times: number) => {
    while (browser.attempts < times) await call(userId, 'GET', '/inbox');
  };
  /** Expects `count` pushes, and no more when a later one, of another room, has arrived. */
  const gotNothingElse = async (
    { ann, bob, browser }: { ann: string; bob: string; browser: PushBrowser },
    count: number,
  ) => {
    const other = newRoom('other');
    await say(ann, other, 'here');
    await say(bob, other, 'barrier', { mentions: [ann] });
    await browser.gets(({ roomId }) => roomId === other);
    expect(browser.pushes.filter(({ says }) => says.roomId !== other)).toHaveLength(count);
  };

  it('[PUSH1] [PUSH3] shows a mention, encrypted for one browser, and no other message', async () => {
    const { ann, bob, roomId, browser } = await subscribed();
    const text = `שלום ${'é'.repeat(200)}\nnext`;
    await call(ann, 'PATCH', `/rooms/${roomId}`, { topic: '開発' });
    const { seq } = await say(bob, roomId, text, { mentions: [ann] });
    const { says, headers } = await browser.gets();
    expect(says).toEqual({
      type: 'message',
      userId: ann,
      roomId,
      kind: 'room',
      topic: '開発',
      seq,
      senderId: bob,
      sender: bob,
      mention: true,
      text: `שלום ${'é'.repeat(95)}`,
      timestamp: expect.any(Number) as number,
      unread: 2,
      read: [],
    });
    expect(headers).toMatchObject({ ttl: '86400', 'content-encoding': 'aes128gcm' });
    expect(headers['topic']).toMatch(/^[\w-]{32}$/);
    await gotNothingElse({ ann, bob, browser }, 1);
  });

  it('[PUSH1] shows each message where the user chose all, and none where they chose none', async () => {
    const { ann, bob, roomId, browser } = await subscribed();
    await choose(ann, roomId, { notify: 'all', readUpTo: 2 });
    await say(bob, roomId, 'not a mention');
    const { says } = await browser.gets();
    expect(says).toMatchObject({ roomId, text: 'not a mention' });
    expect(says).not.toHaveProperty('mention');
    await choose(ann, roomId, { notify: 'none', readUpTo: says.seq });
    await say(bob, roomId, 'hush', { mentions: [ann] });
    await gotNothingElse({ ann, bob, browser }, 1);
  });

  it('[PUSH1] shows direct messages, and a streaming one once it has ended', async () => {
    const { ann, bob, browser } = await subscribed();
    const inbox = new NativeInbox(host.url, await tokenFor(bob));
    onTestFinished(() => inbox.close());
    const { conversations } = ok(await inbox.open());
    if (conversations.length === 0) await inbox.hears('conversationUpdated', () => true);
    let direct = await inbox.command('openDirect', { userId: ann });
    while (!direct.ok) direct = await inbox.command('openDirect', { userId: ann });
    const { roomId } = direct.conversation;
    const { seq } = await say(bob, roomId, 'Once upon', { streaming: true });
    const path = `/rooms/${encodeURIComponent(roomId)}/messages/${seq}`;
    await call(bob, 'POST', `${path}/append`, { seq, offset: 9, text: ' a time' });
    expect(browser.pushes).toEqual([]);
    await call(bob, 'POST', `${path}/finish`, {});
    const { says } = await browser.gets();
    expect(says).toMatchObject({ roomId, kind: 'direct', text: 'Once upon a time', unread: 1 });
  });

  it('[PUSH2] [PUSH4] shows nothing that is read or deleted, and names rooms read since', async () => {
    const { ann, bob, roomId, browser } = await subscribed();
    const { seq } = await say(bob, roomId, 'read soon', { mentions: [ann] });
    await browser.gets();
    await call(ann, 'PUT', `/rooms/${roomId}/read`, { readUpTo: seq });
    const gone = newRoom('gone');
    await say(ann, gone, 'here');
    browser.answer = { status: 500 };
    const deleted = await say(bob, gone, 'a mistake', { mentions: [ann] });
    await browser.attempted(2);
    await call(bob, 'DELETE', `/rooms/${gone}/messages/${deleted.seq}`);
    browser.answer = { status: 201 };
    const last = newRoom('last');
    await say(ann, last, 'here');
    await say(bob, last, 'look', { mentions: [ann] });
    const { says } = await browser.gets((one) => one.roomId === last);
    expect(says.read).toEqual([roomId]);
    expect(browser.pushes.map((one) => one.says.roomId)).toEqual([roomId, last]);
  });

  it('[PUSH5] repeats a push that fails, and waits as long as the push service asks', async () => {
    const { ann, bob, roomId, browser } = await subscribed();
    browser.answers.push(
      { status: 503 },
      { status: 429, headers: { 'retry-after': '1' } },
      { status: 302, headers: { location: browser.endpoint } },
    );
    await say(bob, roomId, 'hold on', { mentions: [ann] });
    await attempted(ann, browser, 4);
    const { says } = await browser.gets();
    expect(says).toMatchObject({ roomId, text: 'hold on' });
    expect(browser.attempts).toBe(4);
  });

  it('[PUSH5] deletes a subscription that its push service no longer knows', async () => {
    const { ann, bob, roomId, browser } = await subscribed();
    const other = service.browser();
    await call(ann, 'PUT', '/inbox/push', other.subscription);
    browser.answer = { status: 410 };
    await say(bob, roomId, 'one', { mentions: [ann] });
    await Promise.all([browser.attempted(1), other.gets()]);
    browser.answer = { status: 201 };
    await gotNothingElse({ ann, bob, browser: other }, 1);
    expect(browser.attempts).toBe(1);
  });

  it('[PUSH6] keeps ten subscriptions, one of each browser, until they end', async () => {
    const { ann, bob, roomId, browser } = await subscribed();
    const others = Array.from({ length: 10 }, () => service.browser());
    for (const each of [...others, others[0]!]) {
      await call(ann, 'PUT', '/inbox/push', each.subscription);
    }
    const ended = others[9]!;
    const query = `endpoint=${encodeURIComponent(ended.endpoint)}`;
    expect((await call(ann, 'DELETE', `/inbox/push?${query}`)).status).toBe(200);
    await say(bob, roomId, 'everywhere', { mentions: [ann] });
    await Promise.all(others.slice(0, 9).map((each) => each.gets()));
    expect(others.map(({ pushes }) => pushes.length)).toEqual([...Array<number>(9).fill(1), 0]);
    expect([browser.attempts, ended.attempts]).toEqual([0, 0]);
  });

  it('[PUSH7] accepts only addresses of push services', async () => {
    const ann = newUser('ann');
    const { subscription } = service.browser();
    for (const endpoint of [
      'http://fcm.googleapis.com/fcm/send/1',
      'https://fcm.googleapis.com:8443/fcm/send/1',
      'https://user@fcm.googleapis.com/fcm/send/1',
      'https://fcm.googleapis.com.example.com/1',
      'https://evilfcm.googleapis.com/1',
      'https://127.0.0.1/1',
      `${service.origin.replace('127.0.0.1', 'localhost')}/1`,
      'not an address',
    ]) {
      const refused = await call(ann, 'PUT', '/inbox/push', { ...subscription, endpoint });
      expect([endpoint, refused]).toMatchObject([
        endpoint,
        { status: 400, body: { error: { code: 'invalid_payload', field: 'endpoint' } } },
      ]);
    }
    const below = 'https://a.fcm.googleapis.com/1';
    const taken = await call(ann, 'PUT', '/inbox/push', { ...subscription, endpoint: below });
    expect(taken.status).toBe(200);
    const keys = { p256dh: 'too short', auth: subscription.keys.auth };
    const wrong = await call(ann, 'PUT', '/inbox/push', { ...subscription, keys });
    expect(wrong.body).toMatchObject({ error: { field: 'keys.p256dh' } });
    const key = await fetch(`${host.url}/push/key`);
    expect(await key.json()).toEqual({ key: pushKeys.VAPID_PUBLIC_KEY });
  });

  it('[PUSH7] pushes nothing without keys, and says so', async () => {
    const none = await startHost[name]({});
    onTestFinished(() => none.close());
    const key = await fetch(`${none.url}/push/key`);
    expect([key.status, await key.json()]).toMatchObject([503, { error: { code: 'unavailable' } }]);
    const { subscription } = service.browser();
    const refused = await call(newUser('ann'), 'PUT', '/inbox/push', subscription, { at: none });
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } });
  });

  it('[PUSH3] contains no more than PUSH_CONTENT allows', async () => {
    for (const [content, expected] of [
      ['sender', { senderId: expect.any(String) as string, mention: true }],
      ['none', {}],
    ] as const) {
      const discreet = await start({ PUSH_CONTENT: content });
      onTestFinished(() => discreet.close());
      const { ann, bob, roomId, browser } = await subscribed(discreet);
      await say(bob, roomId, 'secret', { mentions: [ann] }, discreet);
      const { says } = await browser.gets();
      expect(says).toMatchObject({ roomId, unread: 2, ...expected });
      expect(says).not.toHaveProperty('text');
      if (content === 'none') expect(says).not.toHaveProperty('sender');
    }
  });

  it('[PUSH6] with ROOM_ACCESS=token shows only rooms that the token named', async () => {
    const strict = await start({ ROOM_ACCESS: 'token' });
    onTestFinished(() => strict.close());
    const [ann, bob] = [newUser('ann'), newUser('bob')];
    const [named, other] = [newRoom('named'), newRoom('other')];
    const both = { rooms: { [named]: 'member', [other]: 'member' } };
    const browser = service.browser();
    const subscribe = (claims: object) =>
      call(ann, 'PUT', '/inbox/push', browser.subscription, { at: strict, claims });
    await subscribe({ rooms: { [named]: 'member' } });
    for (const roomId of [other, named]) {
      for (const [userId, more] of [
        [ann, {}],
        [bob, { mentions: [ann] }],
      ] as const) {
        const path = `/rooms/${roomId}/messages`;
        await call(
          userId,
          'POST',
          path,
          { message: 'hello', ...more },
          { at: strict, claims: both },
        );
      }
    }
    await browser.gets(({ roomId }) => roomId === named);
    expect(browser.pushes.map(({ says }) => says.roomId)).toEqual([named]);
  });
});
