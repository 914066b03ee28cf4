import { setTimeout as pass } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/protocol/objects.ts';
import type { HostName } from '../../src/settings/declarations.ts';
import { directTransports } from '../support/transports.ts';
import { type Follower, HttpVisitor, type StreamEvent } from '../support/http-visitor.ts';
import { newRoom, open, useHosts } from '../support/for-each-transport.ts';
import { say, talk } from '../support/talk.ts';
import { type Claims, tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

const hosts = useHosts();

describe.concurrent.each<HostName>(['node', 'edge'])(
  'a follower over HTTP at the %s host',
  (name) => {
    const native = open(
      directTransports.find((transport) => transport.name === `native@${name}`)!,
      hosts,
    );
    const as = async (userId: string, claims: Claims = {}) =>
      new HttpVisitor(hosts[name].url, await tokenFor(userId, claims));

    it.concurrent('[FOLL6] receives the events of the room, and causes none', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await native.enter('alice', roomId);
      const reader = await (await as('reader')).follow(roomId);
      const { visitor: bob, joined } = await native.enter('bob', roomId);
      expect(joined.online.map(({ userId }) => userId).toSorted()).toEqual(['alice', 'bob']);
      expect(joined.onlineCount).toBe(2);

      ok(await bob.command('typing', { roomId }));
      const said = await say(alice, roomId, 'one\ntwo\r\n\n: three');
      ok(
        await bob.command('editMessage', {
          roomId,
          seq: (await say(bob, roomId, 'x')).seq,
          message: 'y',
        }),
      );
      ok(await bob.command('addReaction', { roomId, seq: 1, emoji: '👍' }));
      ok(await alice.command('updateRoom', { roomId, topic: 'Here' }));
      ok(await alice.command('setRole', { roomId, userId: 'bob', role: 'moderator' }));
      ok(await bob.command('leaveRoom', { roomId }));
      await reader.hears('userLeft');
      expect(reader.events.map(({ name: event }) => event)).toEqual([
        'userJoined',
        'typing',
        'message',
        'message',
        'messageUpdated',
        'reactionsUpdated',
        'roomUpdated',
        'memberUpdated',
        'userLeft',
      ]);
      expect(reader.named('message')[0]).toEqual(said);
      // Durable events carry a position as their id, ephemeral ones none.
      const epoch = alice.position(roomId).split(':')[0];
      expect(reader.events.flatMap(({ id }) => id ?? [])).toEqual(
        [1, 2, 3, 4].map((rev) => `${epoch}:${rev}`),
      );
      expect(reader.lastEventId).toBe(`${epoch}:4`);
      await reader.close();
      await say(alice, roomId, 'barrier');
      expect(alice.heard('userJoined').map(({ userId }) => userId)).toEqual(['bob']);
      expect(alice.heard('userLeft').map(({ userId }) => userId)).toEqual(['bob']);
      const { members, onlineCount } = ok(
        await alice.command('getMembers', { roomId, online: true }),
      );
      expect([members.map(({ userId }) => userId), onlineCount]).toEqual([['alice'], 1]);
    });

    it.concurrent('[FOLL1] follows a room through many lost connections, missing and repeating nothing', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await native.enter('alice', roomId);
      const http = await as('reader');
      const talking = (async () => {
        const said: Message[] = [];
        for (let at = 0; at < 150; at++) said.push(await say(alice, roomId, `line ${at}`));
        return said;
      })();
      const heard: StreamEvent[] = [];
      let lastEventId = '0:0';
      for (let round = 0; heard.length < 150; round++) {
        const from = round === 0 ? { since: '0:0' } : { lastEventId };
        const reader = await followWhenFree(http, roomId, from);
        await reader.until(
          'some of it',
          () => reader.events.length > Math.min(9, 149 - heard.length),
        );
        await reader.close();
        heard.push(...reader.events);
        lastEventId = reader.lastEventId ?? '';
      }
      const said = await talking;
      expect(heard.map(({ payload }) => payload)).toEqual(said);
      expect(new Set(heard.map(({ name: event }) => event))).toEqual(new Set(['message']));
    });

    it.concurrent('[FOLL3] catches up with 1,200 messages in order while others keep sending', async () => {
      const roomId = newRoom();
      const missed = await talk(native, roomId, 1_200);
      const { visitor: alice } = await native.enter('alice', roomId);
      const reader = await (await as('reader')).follow(roomId, { since: '0:0' });
      const during: Message[] = [];
      for (let at = 0; at < 30; at++) during.push(await say(alice, roomId, `during ${at}`));
      const last = during.at(-1)!;
      await reader.hears('message', ({ seq }) => seq === last.seq);
      expect(reader.named('message')).toEqual([...missed, ...during]);
      await reader.close();
    });

    it.concurrent('[FOLL3] receives the current state of each message that has changed, known or new', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await native.enter('alice', roomId);
      const known = await say(alice, roomId, 'known');
      const http = await as('reader');
      const { position } = await http.poll(roomId);
      const fresh = await say(alice, roomId, 'new');
      await alice.command('editMessage', { roomId, seq: known.seq, message: 'known, edited' });
      await alice.command('editMessage', { roomId, seq: fresh.seq, message: 'new, edited' });
      await alice.command('deleteMessage', { roomId, seq: known.seq });

      const reader = await http.follow(roomId, { since: position });
      await reader.hears('messageUpdated');
      const polled = await http.poll(roomId, position);
      const seen = reader.events.map((event) => [event.name, event.payload]);
      expect(seen).toEqual(polled.events);
      expect(seen).toMatchObject([
        ['message', { seq: 2, rev: 4, message: 'new, edited' }],
        [
          'messageUpdated',
          { seq: 1, rev: 5, message: '', deletedAt: expect.any(Number) as number },
        ],
      ]);
      expect(polled.position).toBe(reader.lastEventId);
      await reader.close();
    });

    it.concurrent('[FOLL4] receives a reset for a position of another epoch, and continues from there', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await native.enter('alice', roomId);
      await say(alice, roomId, 'before');
      const http = await as('reader');
      const reader = await http.follow(roomId, { since: 'elsewhere:7' });
      const position = alice.position(roomId);
      expect((await reader.hears('reset')).payload).toEqual({ roomId, position });
      expect(reader.lastEventId).toBe(position);
      const said = await say(alice, roomId, 'after');
      await reader.hears('message');
      expect(reader.named('message')).toEqual([said]);
      await reader.close();
      expect(await http.poll(roomId, 'elsewhere:7')).toEqual({
        position: alice.position(roomId),
        events: [],
        reset: true,
      });
    });

    it.concurrent('follows a room from before its first message', async () => {
      const roomId = newRoom();
      const http = await as('reader');
      const { position, events } = await http.poll(roomId);
      expect(position).toMatch(/^[\w-]{32}:0$/);
      expect(events).toEqual([]);
      const reader = await http.follow(roomId, { since: '0:0' });
      const waiting = http.poll(roomId, position);
      // Stream and poll follow before the first message; the stream's first id shows that it does.
      await reader.until('its place', () => reader.lastEventId === position);
      const { visitor: alice } = await native.enter('alice', roomId);
      const said = await say(alice, roomId, 'first');
      const event = await reader.hears('message');
      expect(event.payload).toEqual(said);
      expect(event.id).toBe(alice.position(roomId));
      const polled = await pollOn(http, roomId, await waiting, 'message');
      expect(polled.position).toBe(alice.position(roomId));
      await reader.close();
    });

    it.concurrent('[FOLL2] follows a room by polls, missing and repeating nothing', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await native.enter('alice', roomId);
      const http = await as('reader');
      const talking = (async () => {
        const said: Message[] = [];
        for (let at = 0; at < 60; at++) said.push(await say(alice, roomId, `line ${at}`));
        return said;
      })();
      const heard: object[] = [];
      let since = '0:0';
      while (heard.length < 60) {
        const { position, events } = await http.poll(roomId, since);
        heard.push(...events.map(([, payload]) => payload));
        since = position;
      }
      expect(heard).toEqual(await talking);
    });

    it.concurrent('[FOLL2] is answered after 25 s when nothing happens, with its position', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await native.enter('alice', roomId);
      await say(alice, roomId, 'all there is');
      const http = await as('reader');
      const { position } = await http.poll(roomId);
      const before = Date.now();
      expect(await http.poll(roomId, position)).toEqual({ position, events: [] });
      expect(Date.now() - before).toBeGreaterThan(24_000);
    });

    it.concurrent('[FOLL1] receives a heartbeat every 20 s', async () => {
      const http = await as('reader');
      const before = Date.now();
      const reader = await http.follow(newRoom());
      await reader.until('a heartbeat', () => reader.comments > 0);
      expect(Date.now() - before).toBeGreaterThan(19_000);
      expect(reader.events).toEqual([]);
      await reader.close();
    });

    it.concurrent('[FOLL5] receives nothing more once banned, after roomClosed', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await native.enter('alice', roomId);
      await say(alice, roomId, 'mine');
      const http = await as('bob');
      const reader = await http.follow(roomId);
      const { position } = await http.poll(roomId);
      const closed = { roomId, closeCode: 4502, reason: 'You are banned from this room.' };
      // The poll follows before the ban, or it is late and is refused.
      const told = http.poll(roomId, position).then(
        ({ events }) => events.at(-1),
        (error: Error) => (/banned/.test(error.message) ? ['roomClosed', closed] : error),
      );
      await reader.until('its place', () => reader.lastEventId === position);
      ok(await alice.command('banMember', { roomId, userId: 'bob' }));
      await reader.ended;
      expect(reader.events.at(-1)).toMatchObject({ name: 'roomClosed', payload: closed });
      expect(await told).toEqual(['roomClosed', closed]);
      await say(alice, roomId, 'not for bob');
      expect(reader.named('message')).toEqual([]);
      const { status, body } = await http.ask('GET', roomId, '/events');
      expect([status, body]).toMatchObject([403, { error: { code: 'banned' } }]);
    });

    it.concurrent('[FOLL5] is ended when its token expires', async () => {
      const roomId = newRoom();
      const { http, reader } = await followWithDyingToken(as, roomId);
      const { status, body } = await http.ask('GET', roomId, '/events', {
        query: { since: '0:0' },
      });
      expect([status, body]).toMatchObject([401, { error: { code: 'token_expired' } }]);
      await reader.ended;
      expect(reader.events).toMatchObject([
        { name: 'roomClosed', payload: { roomId, closeCode: 4003 } },
      ]);
    });

    it.concurrent('no longer counts as a connection of its user once it is gone', async () => {
      const roomId = newRoom();
      const http = await as('reader');
      const readers = await Promise.all(Array.from({ length: 10 }, () => http.follow(roomId)));
      expect(await http.ask('GET', roomId, '/events')).toMatchObject({
        status: 429,
        body: { error: { code: 'too_many_connections' } },
      });
      await Promise.all(readers.map((reader) => reader.close()));
      const again: Follower[] = [];
      while (again.length < 10) again.push(await followWhenFree(http, roomId));
      await Promise.all(again.map((reader) => reader.close()));
    });
  },
);

/**
 * Opens a stream as soon as the user's limits allow it: a host may notice only with its next heartbeat
 * that an earlier stream is gone, and requests that come too fast are refused for a while.
 */
async function followWhenFree(
  http: HttpVisitor,
  roomId: string,
  from: { since?: string; lastEventId?: string } = {},
): Promise<Follower> {
  for (;;) {
    const opened = await http.follow(roomId, from).catch((error: Error) => error.message);
    if (typeof opened !== 'string') return opened;
    if (!/too_many_connections|rate_limited/.test(opened)) throw new Error(opened);
    await pass(250);
  }
}

/** Follows a room with a token that expires soon after the stream is open. */
async function followWithDyingToken(
  as: (userId: string, claims: Claims) => Promise<HttpVisitor>,
  roomId: string,
): Promise<{ http: HttpVisitor; reader: Follower }> {
  for (let seconds = 0; seconds < 60; seconds += 5) {
    // A token is accepted for 5 s after its expiry, since clocks differ.
    const http = await as('reader', { exp: Math.floor(Date.now() / 1_000) + seconds });
    const reader = await http.follow(roomId).catch((error: Error) => error.message);
    if (typeof reader !== 'string') return { http, reader };
    if (!reader.includes('token_expired')) throw new Error(reader);
  }
  throw new Error('No stream was open before its token had ended.');
}

/** Polls until an event of that name arrives. */
async function pollOn(
  http: HttpVisitor,
  roomId: string,
  from: Awaited<ReturnType<HttpVisitor['poll']>>,
  event: string,
) {
  let polled = from;
  while (!polled.events.some(([name]) => name === event)) {
    polled = await http.poll(roomId, polled.position);
  }
  return polled;
}
