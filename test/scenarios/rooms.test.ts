import { describe, expect, it } from 'vitest';
import { SocketIoVisitor } from '../support/socketio-visitor.ts';
import { forEachTransport, barrier, newRoom } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok, refusal } from '../support/visitor.ts';

forEachTransport((transport) => {
  it('[ROOM1] keeps rooms apart, whatever their names contain', async () => {
    const tag = crypto.randomUUID().slice(0, 8);
    const names = [
      'наша комната',
      '日本語の部屋',
      'team/red/1',
      'team%2Fred%2F1',
      'team%252Fred%252F1',
      '100% sure',
      '?since=1#top',
      'a&b=c+d',
      'quo"te\'s \\ back',
      '..a',
      '🎉👩‍👩‍👧',
      'café',
      '__proto__',
      'constructor',
      'ws',
      'x'.repeat(119),
      '語'.repeat(119),
    ].map((name) => `${name}${tag}`);
    for (const roomId of names) {
      const { visitor: alice, joined } = await transport.enter('alice', roomId);
      expect(joined.room.roomId).toBe(roomId);
      const { visitor: bob } = await transport.enter('bob', roomId);
      const said = await say(alice, roomId, `in ${roomId}`);
      expect(said).toMatchObject({ roomId, seq: 1 });
      expect(await bob.hears('message')).toEqual(said);
    }
    for (const roomId of names) {
      const { joined } = await transport.enter('carol', roomId, { history: 10 });
      expect(joined.messages.map(({ message }) => message)).toEqual([`in ${roomId}`]);
    }
  });

  it('[ROOM1] refuses an invalid room id, and says why', async () => {
    const cases: [roomId: string, why: string][] = [
      ['x'.repeat(129), 'roomId must be at most 128 characters.'],
      [' padded', 'roomId must not begin or end with a space.'],
      ['padded ', 'roomId must not begin or end with a space.'],
      ['tab\there', 'roomId must not contain control characters.'],
      ['nul\0', 'roomId must not contain control characters.'],
      ['cafe\u0301', 'roomId must be in Unicode normal form C.'],
    ];
    const token = await tokenFor('alice');
    for (const [roomId, message] of cases) {
      const result = await transport.visit({ token }).join(roomId);
      expect(refusal(result)).toEqual({ code: 'invalid_payload', message, field: 'roomId' });
    }
    for (const roomId of ['.', '..']) {
      expect((await transport.visit({ token }).join(roomId)).ok, roomId).toBe(false);
    }
  });

  it('keeps the messages of one room out of another', async () => {
    const [red, blue] = [newRoom('red'), newRoom('blue')];
    const { visitor: alice } = await transport.enter('alice', red);
    const { visitor: bob } = await transport.enter('bob', red);
    ok(await bob.join(blue));
    const { visitor: carol } = await transport.enter('carol', blue);
    await say(bob, blue, 'in blue');
    await say(alice, red, 'in red');
    await barrier(red, alice, [bob]);
    await carol.hears('message');
    expect(alice.heard('message')).toEqual([]);
    expect(bob.heard('message').map(({ message }) => message)).toEqual(['in red', 'barrier']);
    expect(carol.heard('message').map(({ message }) => message)).toEqual(['in blue']);
    await bob.close();
    const left = await Promise.all([alice.hears('userLeft'), carol.hears('userLeft')]);
    expect(left.map(({ roomId }) => roomId)).toEqual([red, blue]);
  });

  if (transport.socketHolds !== 'many rooms') return;
  describe('with one socket for all rooms', () => {
    it('[SIO1] takes a number for the room id of its digits', async () => {
      const number = Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
      const alice = transport.visit({ token: await tokenFor('alice') }) as SocketIoVisitor;
      await alice.connect();
      const joined = ok(await alice.command('joinRoom', { roomId: number }));
      expect(joined.room.roomId).toBe(String(number));
      const { visitor: bob } = await transport.enter('bob', String(number));
      ok(await alice.command('message', { roomId: number, message: 'in numbers' }));
      expect((await bob.hears('message')).roomId).toBe(String(number));
      for (const roomId of [1.5, -0.1, 2 ** 60, null, {}]) {
        const problem = refusal(await alice.command('message', { roomId, message: 'a' }));
        expect(problem).toMatchObject({ code: 'invalid_payload', field: 'roomId' });
      }
    });

    it('[CLOSE1] ends only the room that a user is kicked from, with roomClosed', async () => {
      const [first, second] = [newRoom('first'), newRoom('second')];
      const { visitor: owner } = await transport.enter('owner', first);
      await say(owner, first, 'The first writer owns the room.');
      const { visitor: alice, joined } = await transport.enter('alice', first);
      ok(await alice.join(second));
      ok(await owner.command('kickMember', { roomId: first, userId: joined.you.userId }));
      const closed = await alice.hears('roomClosed');
      expect(closed).toMatchObject({ roomId: first, closeCode: 4501 });
      expect(refusal(await alice.command('typing', { roomId: first })).code).toBe('not_joined');
      await say(alice, second, 'still here');
    });

    it('[SIO3] sends the events of a room joined with `gather` together', async () => {
      const roomId = newRoom();
      const [gathered, plain] = [newRoom('gathered'), roomId];
      const { visitor } = await transport.enter('alice', gathered, { gather: true });
      const alice = visitor as SocketIoVisitor;
      ok(await alice.join(plain));
      const raw: [string, unknown][] = [];
      alice.socket.onAny((name: string, payload: unknown) => raw.push([name, payload]));
      const { visitor: bob } = await transport.enter('bob', gathered);
      ok(await bob.join(plain));
      const said = await Promise.all(
        Array.from({ length: 20 }, (_, at) => say(bob, gathered, `line ${at}`)),
      );
      await say(bob, plain, 'apart');
      await alice.hears('message', ({ message }) => message === 'apart');
      await alice.until('all', () => alice.heard('message').length === 21);
      const bundles = raw.filter(([name]) => name === 'events').map(([, list]) => list);
      const tuples = (bundles as [string, unknown][][]).flat();
      expect(tuples.filter(([name]) => name === 'message').map(([, message]) => message)).toEqual(
        said,
      );
      expect(tuples.map(([name]) => name)).not.toContain('position');
      expect(raw.filter(([name]) => name === 'message')).toHaveLength(1);
    });

    it('keeps receiving a room as before when joining it again is refused', async () => {
      const roomId = newRoom();
      const { visitor } = await transport.enter('alice', roomId, { gather: true });
      const alice = visitor as SocketIoVisitor;
      const { visitor: bob } = await transport.enter('bob', roomId);
      await alice.hears('userJoined');
      const names: string[] = [];
      alice.socket.onAny((name: string) => names.push(name));
      expect(refusal(await alice.join(roomId, { since: 'nowhere' })).field).toBe('since');
      await barrier(roomId, bob, [alice]);
      ok(await alice.join(roomId));
      await barrier(roomId, bob, [alice]);
      expect(names).toEqual(['events', 'message']);
    });

    it('[AUTH9] replaces a token in a room that is still being joined', async () => {
      const roomId = newRoom();
      const alice = transport.visit({ token: await tokenFor('alice', { exp: soon(60) }) });
      await (alice as SocketIoVisitor).connect();
      const token = await tokenFor('alice', { exp: soon(3_600) });
      const [, refreshed] = await Promise.all([
        alice.command('joinRoom', { roomId }),
        alice.command('refreshToken', { token }),
      ]);
      const { you } = ok(await alice.command('joinRoom', { roomId }));
      expect({ ok: true, expiresAt: you.expiresAt }).toEqual(refreshed);
    });

    it('[SIO2] refuses binary parts anywhere, and stores nothing of them', async () => {
      const roomId = newRoom();
      const { visitor: alice } = await transport.enter('alice', roomId);
      const bytes = Buffer.of(1, 2, 3);
      const cases: [payload: object, field: string][] = [
        [{ message: 'a', meta: { picture: bytes } }, 'meta.picture'],
        [{ message: bytes }, 'message'],
        [{ message: 'a', unknown: [bytes] }, 'unknown'],
      ];
      for (const [payload, field] of cases) {
        const problem = refusal(await alice.command('message', { roomId, ...payload }));
        expect(problem).toMatchObject({ code: 'invalid_payload', field });
        expect(problem.message).toBe(`${field} must be JSON, not binary.`);
      }
      expect((await say(alice, roomId, 'b')).seq).toBe(1);
    });

    it('[SIO7] makes commands after a joinRoom wait for it, in order', async () => {
      const roomId = newRoom();
      const { visitor: bob } = await transport.enter('bob', roomId);
      const alice = transport.visit({ token: await tokenFor('alice') }) as SocketIoVisitor;
      await alice.connect();
      const results = await Promise.all([
        alice.command('joinRoom', { roomId }),
        alice.command('message', { roomId, message: 'one' }),
        alice.command('getHistory', { roomId }),
        alice.command('message', { roomId, message: 'two' }),
        alice.command('leaveRoom', { roomId }),
        alice.command('message', { roomId, message: 'three' }),
        alice.command('joinRoom', { roomId, history: 10 }),
        alice.command('message', { roomId, message: 'four' }),
      ]);
      expect(results.map(({ ok: fine }) => fine)).toEqual(
        Array.from('11111011', (digit) => digit === '1'),
      );
      expect(refusal(results[5]).code).toBe('not_joined');
      expect(ok(results[2]).messages.map(({ message }) => message)).toEqual(['one']);
      expect(ok(results[6]).messages.map(({ message }) => message)).toEqual(['one', 'two']);
      expect(alice.stream.map(({ name }) => name)).toEqual(
        'joinRoom message getHistory message leaveRoom message joinRoom message'.split(' '),
      );
      await bob.hears('message', ({ message }) => message === 'four');
      const story = bob.stream.slice(1).map(({ name }) => name);
      expect(story).toEqual([
        'userJoined',
        'message',
        'message',
        'userLeft',
        'userJoined',
        'message',
      ]);
    });

    it('[SIO7] answers commands after a refused join with not_joined', async () => {
      const roomId = newRoom();
      const alice = transport.visit({ token: await tokenFor('alice') }) as SocketIoVisitor;
      await alice.connect();
      const [join, message] = await Promise.all([
        alice.command('joinRoom', { roomId, history: 1_000 }),
        alice.command('message', { roomId, message: 'one' }),
      ]);
      expect([refusal(join).code, refusal(message).code]).toEqual([
        'invalid_payload',
        'not_joined',
      ]);
    });

    it('[SIO7] answers each of many commands after a join, in order', async () => {
      const roomId = newRoom();
      const alice = transport.visit({ token: await tokenFor('alice') }) as SocketIoVisitor;
      await alice.connect();
      const joining = alice.command('joinRoom', { roomId });
      const results = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          alice.command('message', { roomId, message: `line ${at}` }),
        ),
      );
      ok(await joining);
      const refused = results.flatMap((result) => (result.ok ? [] : [result.error.code]));
      expect(new Set([...refused, 'unavailable'])).toEqual(new Set(['unavailable']));
      const taken = results.flatMap((result) => (result.ok ? [result.message.seq] : []));
      expect(taken.length).toBeGreaterThanOrEqual(64);
      expect(taken).toEqual(Array.from(taken, (_, at) => at + 1));
    });

    it('[LIM8] accepts fifty rooms and no more', async () => {
      const alice = transport.visit({ token: await tokenFor('alice') }) as SocketIoVisitor;
      await alice.connect();
      const rooms = Array.from({ length: 50 }, (_, at) => newRoom(`room ${at}`));
      for (const result of await Promise.all(rooms.map((roomId) => alice.join(roomId)))) ok(result);
      const [first] = rooms;
      const more = newRoom();
      expect(refusal(await alice.join(more))).toEqual({
        code: 'too_many_rooms',
        message: 'This connection is in 50 rooms; leave one first.',
      });
      ok(await alice.join(first!));
      ok(await alice.command('leaveRoom', { roomId: first }));
      ok(await alice.join(more));
      await Promise.all(rooms.slice(1).map((roomId) => say(alice, roomId, 'everywhere')));
    });

    it('[SIO2] serves the main namespace only', async () => {
      const { visitor } = await transport.enter('alice', newRoom());
      const { socket } = visitor as SocketIoVisitor;
      const other = socket.io.socket('/elsewhere');
      const error = await new Promise<Error>((resolve) => {
        other.once('connect_error', resolve);
        other.connect();
      });
      expect(error.message).toBe('Invalid namespace');
      expect(socket.connected).toBe(true);
    });
  });
});

/** The time in `seconds` from now, in seconds since the epoch, as in a token. */
function soon(seconds: number): number {
  return Math.floor(Date.now() / 1_000) + seconds;
}
