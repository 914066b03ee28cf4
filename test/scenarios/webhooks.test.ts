import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Message } from '../../src/protocol/objects.ts';
import type { HostName } from '../../src/settings/declarations.ts';
import { type Host, startHost } from '../support/hosts.ts';
import { newRoom } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';
import { makeSecret, WebhookReceiver } from '../support/webhook-receiver.ts';

/** The first of a host's two secrets; the receiver verifies with the second. */
const OLD_SECRET = makeSecret();

describe.concurrent.each<HostName>(['node', 'edge'])('by webhook, the %s host', (name) => {
  const receiver = new WebhookReceiver();
  /** The receiver of a host that sends every event of some rooms, signed with two secrets. */
  const particular = new WebhookReceiver();
  let host: Host;
  let other: Host;

  beforeAll(async () => {
    await Promise.all([receiver.listen(), particular.listen()]);
    host = await startHost[name]({ ...receiver.settings, COMMAND_BURST: '10000' });
    other = await startHost[name]({
      ...particular.settings,
      WEBHOOK_SECRETS: `${OLD_SECRET} ${particular.secret}`,
      WEBHOOK_EVENTS: 'room.changed, room.created, room.deleted, member.updated, notification',
      WEBHOOK_ROOMS: 'team-*, lobby',
    });
  });
  afterAll(async () => {
    await Promise.all([host.close(), other.close()]);
    receiver.close();
    particular.close();
    expect([...host.failures, ...other.failures]).toEqual([]);
    expect([...receiver.forged, ...particular.forged]).toEqual([]);
  });

  const call = async (
    method: string,
    path: string,
    body?: object,
    { userId = 'ann', at = host, claims = {} } = {},
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
  const admin = { userId: 'root', claims: { admin: true } };
  const say = async (roomId: string, message: string, more: object = {}, at = host) => {
    const sent = { message, ...more };
    const { body } = await call('POST', `/rooms/${roomId}/messages`, sent, { at });
    return body['message'] as Message;
  };
  /** Waits for the request that carries a change. */
  const arrival = (roomId: string, rev: number, at = receiver) =>
    at.until(`change ${rev}`, () =>
      at.taken(roomId).find(({ body }) => body.data.changes?.some((change) => change.rev === rev)),
    );

  it('[HOOK6] sends each change with its current state, signed, in order of rev', async () => {
    const roomId = newRoom();
    const first = await say(roomId, 'שלום 世界');
    const request = await arrival(roomId, 1);
    expect(request.body).toMatchObject({
      type: 'room.changed',
      data: { roomId, from: 0, to: 1, horizon: 0, changes: [first] },
    });
    expect(Date.parse(request.body.timestamp)).toBeGreaterThan(0);
    expect(request.id).toMatch(/^evt_[\w-]{22}$/);
    expect(request.headers['content-type']).toBe('application/json');
    expect(request.headers['user-agent']).toMatch(/^Parlor\//);
    for (let at = 0; at < 8; at++) await say(roomId, `m${at}`);
    await call('PATCH', `/rooms/${roomId}/messages/1`, { message: 'edited' });
    await call('DELETE', `/rooms/${roomId}/messages/2`);
    await call('PUT', `/rooms/${roomId}/messages/3/reactions/👍`);
    await arrival(roomId, 12);
    const changes = receiver.changes(roomId);
    const revs = changes.map(({ rev }) => rev);
    expect(revs).toEqual(revs.toSorted((a, b) => a - b));
    // A message that changed again before it was sent was sent in its last state only.
    const known = new Map(changes.map((change) => [change.seq, change]));
    expect([...known.keys()].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 9 }, (_, at) => at + 1),
    );
    expect(known.get(1)).toMatchObject({ message: 'edited' });
    expect(known.get(2)).toMatchObject({ message: '', deletedAt: expect.any(Number) as number });
    expect(known.get(3)).toMatchObject({ reactions: { '👍': 1 } });
  });

  it('[HOOK6] sends a streamed message once it has ended', async () => {
    const roomId = newRoom();
    const { seq } = await say(roomId, '', { streaming: true });
    const path = `/rooms/${roomId}/messages/${seq}`;
    await call('POST', `${path}/append`, { seq, offset: 0, text: 'all of it' });
    await call('POST', `${path}/finish`, { seq });
    await receiver.until('the message', () => receiver.changes(roomId).length > 0);
    expect(receiver.changes(roomId)).toMatchObject([{ seq, message: 'all of it' }]);
  });

  it('[HOOK7] repeats a request unchanged until it is accepted, and follows no redirect', async () => {
    const [roomId, elsewhere] = [newRoom(), newRoom('elsewhere')];
    const redirect = { status: 301, headers: { location: particular.url } };
    receiver.answers.set(roomId, [{ status: 500 }, redirect]);
    const message = await say(roomId, 'once');
    // A failure in one room does not delay another.
    await say(elsewhere, 'at once');
    await arrival(elsewhere, 1);
    await arrival(roomId, 1);
    const requests = receiver.requests.filter(({ body }) => body.data.roomId === roomId);
    expect(requests.map(({ status }) => status)).toEqual([500, 301, 204]);
    expect(new Set(requests.map(({ id }) => id)).size).toBe(1);
    expect(receiver.changes(roomId)).toEqual([message]);
    expect(particular.requests.filter(({ body }) => body.data.roomId === roomId)).toEqual([]);
  });

  it('[HOOK8] stops at 410, and shows failures to admins and operators', async ({
    onTestFinished,
    expect,
  }) => {
    const own = await new WebhookReceiver().listen();
    const ownHost = await startHost[name](own.settings);
    onTestFinished(async () => {
      await ownHost.close();
      own.close();
    });
    const roomId = newRoom();
    own.answers.set(roomId, [{ status: 410 }]);
    await say(roomId, 'gone', {}, ownHost);
    const failing = async () => {
      const { body } = await call('GET', '/health?details', undefined, { ...admin, at: ownHost });
      return body['webhook'];
    };
    await expect.poll(failing).toMatchObject({
      failing: 1,
      stopped: true,
      rooms: [{ roomId, reason: expect.stringContaining('410') as string }],
    });
    const look = await call('GET', `/rooms/${roomId}/hook`, undefined, { ...admin, at: ownHost });
    expect(look.body).toMatchObject({ position: '0:0', isWaiting: true });
    await say(roomId, 'unsent', {}, ownHost);
    expect(own.requests).toHaveLength(1);
    if (name === 'node') {
      const metrics = await (await fetch(`${ownHost.url}/metrics`)).text();
      expect(metrics).toContain('parlor_webhook_failing_rooms 1\n');
      expect(metrics).toContain('parlor_webhook_stopped 1\n');
    }
    for (const path of ['/health?details', `/rooms/${roomId}/hook`]) {
      expect((await call('GET', path, undefined, { at: ownHost })).status).toBe(403);
    }
    expect((await fetch(`${ownHost.url}/health?details`)).status).toBe(401);
  });

  it('[HOOK9] signs with each secret, so that secrets can be rotated', async () => {
    await say('team-signed', 'signed', {}, other);
    const { text, headers } = await arrival('team-signed', 1, particular);
    expect(new Webhook(OLD_SECRET).verify(text, headers)).toEqual(JSON.parse(text));
    const { 'webhook-timestamp': at = '' } = headers;
    const bad: [text: string, headers: Record<string, string>, secret: string][] = [
      [text.replace('signed', 'forged'), headers, particular.secret],
      [text, headers, makeSecret()],
      [text, { ...headers, 'webhook-id': 'evt_other' }, particular.secret],
      [text, { ...headers, 'webhook-timestamp': String(Number(at) - 1) }, particular.secret],
    ];
    for (const [body, given, secret] of bad) {
      expect(() => new Webhook(secret).verify(body, given)).toThrow(/signature/);
    }
    // A recorded request that is replayed later is too old to be accepted.
    const yesterday = new Date((Number(at) - 86_400) * 1_000);
    const signature = new Webhook(particular.secret).sign(
      headers['webhook-id'] ?? '',
      yesterday,
      text,
    );
    const replayed = {
      ...headers,
      'webhook-timestamp': String(yesterday.getTime() / 1_000),
      'webhook-signature': signature,
    };
    expect(() => new Webhook(particular.secret).verify(text, replayed)).toThrow(/old/);
  });

  it('[HOOK10] sends again from any position, and reports when a room has a new epoch', async () => {
    const roomId = newRoom();
    for (const text of ['one', 'two', 'three']) await say(roomId, text);
    const { body } = await arrival(roomId, 3);
    const before = receiver.requests.length;
    const path = `/rooms/${roomId}/hook`;
    const from = `${body.data.epoch}:1`;
    expect((await call('POST', path, { from }, admin)).status).toBe(202);
    const again = await receiver.until('the replay', () =>
      receiver.requests
        .slice(before)
        .find(({ body: { data } }) => data.roomId === roomId && data.from === 1),
    );
    expect(again.body.data.changes.map(({ rev }) => rev)).toEqual([2, 3]);
    expect((await call('POST', path, { from: 'x' }, admin)).status).toBe(400);
    expect((await call('POST', path, { from })).status).toBe(403);

    await call('DELETE', `/rooms/${roomId}`, undefined, admin);
    await call('PUT', `/rooms/${roomId}`, undefined, admin);
    await say(roomId, 'another life');
    const reset = await receiver.until('a reset', () =>
      receiver.taken(roomId).find((request) => request.body.data.reset === true),
    );
    expect(reset.body.data.from).toBe(0);
    const { epoch } = reset.body.data;
    expect(epoch).not.toBe(body.data.epoch);
    // The request with the reset may have been sent before the message was.
    const change = await receiver.until('the first change of the new room', () =>
      receiver
        .taken(roomId)
        .filter((request) => request.body.data.epoch === epoch)
        .flatMap((request) => request.body.data.changes)
        .at(0),
    );
    expect(change).toMatchObject({ seq: 1, rev: 1 });
  });

  it('[HOOK11] sends events of created and deleted rooms and changed members, where configured', async () => {
    const roomId = newRoom('team-events');
    await say(roomId, 'first', {}, other);
    await arrival(roomId, 1, particular);
    const begun = particular.taken(roomId).map(({ body }) => body.type);
    expect(begun).toEqual(['room.created', 'room.changed']);
    const role = { role: 'moderator' };
    await call('PUT', `/rooms/${roomId}/members/bob`, role, { at: other });
    const event = (type: string) =>
      particular.until(type, () => particular.taken(roomId).find(({ body }) => body.type === type));
    const { body } = await event('member.updated');
    expect(body.data.member).toMatchObject({ userId: 'bob', role: 'moderator' });
    await call('DELETE', `/rooms/${roomId}`, undefined, { ...admin, at: other });
    await event('room.deleted');
  });

  it('[HOOK17] sends notifications for users who are away, without the text of the message', async () => {
    const roomId = newRoom('team-mail');
    await call(
      'POST',
      `/rooms/${roomId}/messages`,
      { message: 'here' },
      { userId: 'eve', at: other },
    );
    await arrival(roomId, 1, particular);
    await say(roomId, 'not for her', {}, other);
    const { seq } = await say(roomId, 'שלום eve', { mentions: ['eve'] }, other);
    await arrival(roomId, seq, particular);
    const notification = () =>
      particular.taken(roomId).find(({ body }) => body.type === 'notification');
    const { body, text } = await particular.until('a notification', notification);
    expect(body).toEqual({
      type: 'notification',
      timestamp: expect.any(String) as string,
      data: {
        roomId,
        userId: 'eve',
        kind: 'room',
        seq,
        timestamp: expect.any(Number) as number,
        mention: true,
        unread: 2,
      },
    });
    expect(text).not.toContain('שלום');
  });

  it('[HOOK12] sends only changes of the rooms that are configured', async () => {
    await say('unnamed', 'unsent', {}, other);
    await say('lobby', 'sent', {}, other);
    await arrival('lobby', 1, particular);
    const look = await call('GET', '/rooms/unnamed/hook', undefined, { ...admin, at: other });
    expect(look.status).toBe(503);
    const rooms = particular.requests.map(({ body }) => body.data.roomId);
    expect(rooms.filter((roomId) => !/^(team-|lobby$)/.test(roomId))).toEqual([]);
  });
});
