import { expect, it } from 'vitest';
import type { EventName } from '../../src/protocol/events.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { barrier, forEachTransport, newRoom } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok, refusal, type Visitor } from '../support/visitor.ts';

function heard(who: Visitor, name: string): unknown[] {
  return who.heard(name as EventName);
}

async function hears(who: Visitor, name: string): Promise<unknown> {
  return who.hears(name as EventName);
}

forEachTransport(
  (transport) => {
    it("[SIG1] passes on an application's own event, with its sender", async () => {
      const roomId = newRoom();
      const { visitor: alice, joined } = await transport.enter('alice', roomId);
      const { visitor: bob } = await transport.enter('bob', roomId);
      const { username } = joined.you;
      const payload = { roomId, x: 1, deep: { y: ['é', null] }, userId: 'bob', unverified: true };
      expect(ok(await alice.command('dice rolled', payload))).toMatchObject({});
      const told = { roomId, x: 1, deep: { y: ['é', null] }, userId: 'alice', username };
      expect(await hears(bob, 'dice rolled')).toEqual(told);
      alice.tell('wave', { roomId });
      expect(await hears(bob, 'wave')).toEqual({ roomId, userId: 'alice', username });

      const http = new HttpVisitor(transport.host.url, await tokenFor('carol'));
      const follower = await http.follow(roomId);
      const sent = await http.ask('POST', roomId, '/signals/wave%20back', {
        body: { data: { hand: 'left' } },
      });
      expect(sent.status).toBe(200);
      const waved = { roomId, hand: 'left', userId: 'carol' };
      expect(await hears(bob, 'wave back')).toMatchObject(waved);
      expect((await follower.hears('wave back')).payload).toMatchObject(waved);
      await follower.close();
      await barrier(roomId, bob, [alice]);
      expect(heard(alice, 'wave')).toEqual([]);
    });

    it('[SIG2] passes on any JSON arguments as they are sent, with their sender', async () => {
      const roomId = newRoom();
      const { visitor: alice, joined } = await transport.enter('alice', roomId);
      const { visitor: bob } = await transport.enter('bob', roomId);
      const from = { roomId, userId: 'alice', username: joined.you.username };
      const nested = { list: [[[{ deep: null }]]], שם: '名前\u2028' };
      const cases: [sent: unknown[], received: unknown[]][] = [
        [['hello'], ['hello', from]],
        [[''], ['', from]],
        [[null], [null, from]],
        [[false], [false, from]],
        [[['a', [1]]], [['a', [1]], from]],
        [
          [1, 'two', null, [3], { four: 4 }],
          [1, 'two', null, [3], { four: 4 }, from],
        ],
        [[nested], [{ ...nested, ...from }]],
        [
          [{ roomId, x: 1, userId: 'bob' }, 'left', { roomId: 'kept' }],
          [{ x: 1, ...from }, 'left', { roomId: 'kept' }],
        ],
      ];
      const got = (at: number) => {
        const heard = bob.stream.find(({ name }) => name === `event ${at}`);
        return heard && [heard.payload, ...(heard.more ?? [])];
      };
      const http = new HttpVisitor(transport.host.url, await tokenFor('alice'));
      const follower = await http.follow(roomId);
      for (const [at, [[first, ...more]]] of cases.entries())
        ok(await alice.command(`event ${at}`, first, ...more));
      for (const [at, [, received]] of cases.entries()) {
        expect(await bob.until(`event ${at}`, () => got(at))).toEqual(received);
        const { payload } = await follower.hears(`event ${at}`);
        expect(payload).toEqual(received.length === 1 ? received[0] : received);
      }
      await follower.close();
      const sent = await http.ask('POST', roomId, '/signals/event%20100', {
        body: { args: [null, 'two'] },
      });
      expect(sent.status).toBe(200);
      const { userId } = from;
      expect(await bob.until('event 100', () => got(100))).toMatchObject([null, 'two', { userId }]);

      const deep = (levels: number) =>
        JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;
      ok(await alice.command('event 101', deep(15), 'and more'));
      expect(await bob.until('event 101', () => got(101))).toMatchObject([
        deep(15),
        'and more',
        {},
      ]);
    });

    it('[SIG2] accepts up to 4 KiB, and needs no roomId where a socket has one room', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await transport.enter('alice', roomId);
      const { visitor: bob } = await transport.enter('bob', roomId);
      ok(await alice.command('cursor', { x: 1 }));
      expect(await hears(bob, 'cursor')).toMatchObject({ roomId, x: 1 });
      const long = await alice.command('cursor', { roomId, x: 'x'.repeat(4_096) });
      expect(refusal(long).code).toBe('too_large');
      const inPieces = await alice.command('cursor', 'x'.repeat(2_048), 'x'.repeat(2_048));
      expect(refusal(inPieces).code).toBe('too_large');
      const key = await alice.command('cursor', [{ constructor: 1 }]);
      expect(refusal(key).code).toBe('invalid_payload');
    });

    it('[SIG3] refuses names of the protocol, and invalid ones', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await transport.enter('alice', roomId);
      const names = [
        'messageAppended',
        'userJoined',
        'position',
        'exportRoom',
        'status',
        'change',
        'a"b',
        '💥',
        'x'.repeat(65),
      ];
      for (const name of names) {
        const problem = refusal(await alice.command(name, { roomId }));
        expect([name, problem.code]).toEqual([name, 'unknown_command']);
      }
      const http = new HttpVisitor(transport.host.url, await tokenFor('alice'));
      const sent = await http.ask('POST', roomId, '/signals/message', { body: { data: {} } });
      expect(sent).toMatchObject({ status: 400, body: { error: { field: 'name' } } });
    });

    it('[SIG4] refuses signals of users who may not send messages', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await transport.enter('alice', roomId);
      ok(await alice.command('message', { roomId, message: 'mine' }));
      const { visitor: bob } = await transport.enter('bob', roomId);
      ok(await alice.command('muteMember', { roomId, userId: 'bob' }));
      expect(refusal(await bob.command('cursor', { roomId, x: 1 })).code).toBe('muted');
      ok(await bob.command('leaveRoom', { roomId }));
      expect(refusal(await bob.command('cursor', { roomId, x: 1 })).code).toBe('not_joined');
    });
  },
  { SIGNALS: 'open' },
);
