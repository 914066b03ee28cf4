import { exports } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Attachment } from '../../src/edge/object-connection.ts';
import { Client, join, newRoom, sleep, tokenOf, upgrade, within } from './client.ts';

const REASON = 'x'.repeat(123);

afterEach(() => {
  vi.useRealTimers();
});

/** The names of the tables and indexes in a room's storage. */
function stored(roomId: string): Promise<string[]> {
  return within(roomId, (_, { storage }) =>
    storage.sql
      .exec<{ name: string }>('SELECT name FROM sqlite_master')
      .toArray()
      .map(({ name }) => name),
  );
}

function padded(pad: number): string {
  return `["message",{"message":"a","pad":"${'x'.repeat(pad)}"},1]`;
}

/** Moves the clock forward without running timers, and stops it there. */
function pass(ms: number): void {
  setClock(Date.now() + ms);
}

/** Stops the clock at a time in epoch milliseconds, without running timers. */
function setClock(now: number): void {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(now);
}

describe('a socket that its client closes', () => {
  it.each([
    [1000, 1000, 'left'],
    [undefined, 1000, 'left'],
  ])('[PRES2] with %s is answered %i, and its user has left', async (code, answer, reason) => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const bob = await join(roomId, 'bob');
    expect(await bob.close(code)).toMatchObject({ code: answer });
    expect(await alice.until('userLeft')).toMatchObject({ userId: 'bob', reason });
  });

  it('[PRES2] with another code is answered with that code, and userLeft follows after 5 s', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const codes = [1001, 3000, 4000, 4999];
    const users = await Promise.all(codes.map((code) => join(roomId, `user ${code}`)));
    // All at once, so that the checks that follow end long before the 5 s, on a busy machine too.
    const closed = await Promise.all(users.map((user, at) => user.close(codes[at], REASON)));
    expect(await alice.ask('getMembers', { online: true })).toMatchObject({ onlineCount: 5 });
    expect(alice.heard('userLeft')).toEqual([]);
    expect(closed).toEqual(codes.map((code) => ({ code, reason: REASON })));
    for (const code of codes) {
      await alice.until('userLeft', (left) => Object.values(left).includes(`user ${code}`));
    }
    expect(alice.heard('userLeft').map(({ reason }) => reason)).toEqual(
      codes.map(() => 'disconnected'),
    );
  });

  it('[PRES2] and that opens again within 5 s causes no event', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const bob = await join(roomId, 'bob');
    await bob.close(4000);
    const again = await join(roomId, 'bob');
    await again.close(1000);
    await alice.until('userLeft');
    expect(alice.heard('userJoined')).toHaveLength(1);
    expect(alice.heard('userLeft')).toEqual([
      expect.objectContaining({ userId: 'bob', reason: 'left' }),
    ]);
  });

  it('causes one userLeft, however often the platform reports the close', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const bob = await join(roomId, 'bob');
    await within(roomId, (object, state) => {
      const socket = state
        .getWebSockets()
        .find((one) => (one.deserializeAttachment() as Attachment).identity.userId === 'bob')!;
      object.webSocketError(socket);
      object.webSocketClose(socket, 1006, '', false);
      object.webSocketError(socket);
      object.webSocketClose(socket, 1000, '', true);
      object.webSocketClose(socket, 1000, '', true);
    });
    await bob.ended;
    await alice.until('userLeft');
    expect(await alice.ask('getMembers', { online: true })).toMatchObject({ onlineCount: 1 });
    expect(alice.heard('userLeft')).toHaveLength(1);
  });
});

describe('frames that arrive while a flush is pending', () => {
  const messageFrame = (text: string) => JSON.stringify(['message', { message: text }]);
  const messagesAndLeaves = (client: Client) =>
    client.lines
      .map(([name, payload]) => [name, payload as { message?: string; userId?: string }] as const)
      .filter(([name]) => name === 'message' || name === 'userLeft')
      .map(([name, { message, userId }]) => `${name} ${message ?? userId}`);

  function socketOf(state: DurableObjectState, userId: string): WebSocket {
    return state
      .getWebSockets()
      .find((one) => (one.deserializeAttachment() as Attachment).identity.userId === userId)!;
  }

  it('are handled before the close of their socket', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const bob = await join(roomId, 'bob');
    await within(roomId, (object, state) => {
      const socket = socketOf(state, 'bob');
      for (const text of ['one', 'two', 'three'])
        object.webSocketMessage(socket, messageFrame(text));
      object.webSocketClose(socket, 1000, '', true);
    });
    await alice.until('userLeft');
    expect(messagesAndLeaves(alice)).toEqual([
      'message one',
      'message two',
      'message three',
      'userLeft bob',
    ]);
    await bob.ended;
  });

  it('are stored with one commit, before an alarm is handled', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const bob = await join(roomId, 'bob');
    await within(roomId, async (object, state) => {
      const socket = socketOf(state, 'bob');
      const stored = () => state.storage.sql.exec('SELECT 1 FROM messages').toArray().length;
      const identity = { userId: 'carol' };
      // The room has been quiet for a second, and the clock stands still from here on.
      pass(1_000);
      object.webSocketMessage(socket, messageFrame('one'));
      object.webSocketMessage(socket, messageFrame('two'));
      object.webSocketMessage(socket, messageFrame('three'));
      const calls = [
        object.execute(identity, 'message', { message: 'four' }),
        object.execute(identity, 'searchMessages', { query: 'four' }),
      ];
      expect(stored()).toBe(1);
      const woken = object.alarm();
      expect(stored()).toBe(4);
      await woken;
      expect((await Promise.all(calls))[1]).toMatchObject({ results: [{ message: 'four' }] });
    });
    await alice.until('message', ({ message }) => (message as unknown) === 'four');
    expect(messagesAndLeaves(alice)).toEqual(
      ['one', 'two', 'three', 'four'].map((text) => `message ${text}`),
    );
    await bob.close(1000);
  });

  it('are stored with few commits, when twenty users send over HTTP', async () => {
    const roomId = newRoom();
    await join(roomId, 'alice');
    let commits = 0;
    let isCounted = false;
    await within(roomId, (_, { storage: { sql } }) => {
      const exec = sql.exec.bind(sql);
      sql.exec = ((...args: Parameters<typeof exec>) => {
        // Everything written in one turn is one commit.
        if (args[0].includes('INSERT INTO messages') && !isCounted) {
          commits++;
          isCounted = true;
          queueMicrotask(() => (isCounted = false));
        }
        return exec(...args);
      }) as typeof exec;
    });
    const post = async (at: number) => {
      const authorization = `Bearer ${await tokenOf({ sub: `user ${at}` })}`;
      const { status } = await exports.default.fetch(`http://chat/rooms/${roomId}/messages`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ message: `from ${at}` }),
      });
      return status;
    };
    // On a busy machine the requests may arrive one by one, so that nothing shares a commit: try again.
    let fewest = Infinity;
    for (let round = 0; round < 10 && fewest > 10; round++) {
      commits = 0;
      const statuses = await Promise.all(Array.from({ length: 20 }, (_, at) => post(at)));
      expect(new Set(statuses)).toEqual(new Set([201]));
      fewest = Math.min(fewest, commits);
    }
    expect(fewest).toSatisfy((count: number) => count > 0 && count <= 10);
  });

  it('hold at most 1 MiB', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    await join(roomId, 'bob');
    await within(roomId, (object, state) => {
      const socket = socketOf(state, 'bob');
      const stored = () => state.storage.sql.exec('SELECT 1 FROM messages').toArray().length;
      // The first frame is handled at once; the 17 that follow are 1.1 MB.
      pass(1_000);
      for (let count = 0; count < 17; count++) object.webSocketMessage(socket, padded(65_000));
      expect(stored()).toBe(1);
      object.webSocketMessage(socket, padded(65_000));
      expect(stored()).toBe(18);
    });
    await alice.ask('getHistory');
  });
});

describe('a socket that the room closes', () => {
  it.each([
    ['a frame over its limit', 'x'.repeat(65_537), 1009],
    ['a frame over its limit in UTF-8', '\u4F60'.repeat(21_846), 1009],
    ['bytes', new Uint8Array([1, 2, 3]), 4504],
  ])('for %s ends alone', async (_, data, code) => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const bob = await join(roomId, 'bob');
    bob.socket.send(data);
    expect(await bob.ended).toMatchObject({ code });
    expect(await alice.ask('message', { message: 'still here' })).toMatchObject({ ok: true });
  });

  it('accepts a frame of exactly the limit', async () => {
    const alice = await join(newRoom(), 'alice');
    alice.send(padded(65_536 - padded(0).length));
    expect((await alice.until('ack')) as unknown).toBe(1);
  });

  it('[ADM11] after 10 malformed frames within a minute ends with 4504, also when it sleeps', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    for (let count = 1; count <= 10; count++) {
      alice.send(`garbage ${count}`);
      await expect.poll(() => alice.heard('error').length).toBe(count);
      if (count % 3 === 0) await sleep(roomId);
    }
    expect(await alice.ask('message', { message: 'alive' })).toMatchObject({ ok: true });
    alice.send('garbage 11');
    expect(await alice.ended).toMatchObject({ code: 4504 });
    expect(alice.heard('error')[0]).toMatchObject({ code: 'invalid_payload', roomId });
  });

  it('[AUTH9] with an expired token receives nothing more and gets no command executed: 4003', async () => {
    const roomId = newRoom();
    const exp = Math.floor(Date.now() / 1_000) + 60;
    const alice = await join(roomId, 'alice');
    const bob = await join(roomId, 'bob', { claims: { exp } });
    const carol = await join(roomId, 'carol', { claims: { exp } });
    // A token is accepted for 5 s after its expiry.
    setClock(exp * 1_000 + 4_000);
    expect(await bob.ask('message', { message: 'just in time' })).toMatchObject({ ok: true });
    await alice.until('message');
    setClock(exp * 1_000 + 6_000);
    bob.send('["message",{"message":"too late"},99]');
    expect(await bob.ended).toMatchObject({ code: 4003 });
    expect(await carol.ended).toMatchObject({ code: 4003 });
    const { messages } = await alice.ask('getHistory');
    expect(messages.map(({ message }) => message)).toEqual(['just in time']);
  });

  it('[AUTH9] with an expired token closes when the room wakes for another user', async () => {
    const roomId = newRoom();
    const exp = Math.floor(Date.now() / 1_000) + 60;
    const alice = await join(roomId, 'alice');
    const bob = await join(roomId, 'bob', { claims: { exp } });
    await sleep(roomId);
    pass(70_000);
    await alice.ask('message', { message: 'secret' });
    expect(await bob.ended).toMatchObject({ code: 4003 });
    expect(bob.heard('message')).toEqual([]);
  });

  it('[AUTH9] with an expired token receives no event of others joining', async () => {
    const roomId = newRoom();
    const exp = Math.floor(Date.now() / 1_000) + 60;
    const bob = await join(roomId, 'bob', { claims: { exp } });
    pass(70_000);
    await join(roomId, 'alice');
    expect(await bob.ended).toMatchObject({ code: 4003 });
    expect(bob.heard('userJoined')).toEqual([]);
  });

  it('that has sent ping and then nothing for a minute closes with 4002 when the room next runs', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const quiet = await join(roomId, 'quiet');
    const bob = await join(roomId, 'bob');
    await bob.pong();
    await sleep(roomId);
    pass(59_000);
    await alice.ask('message', { message: 'anyone' });
    await bob.until('message');
    // The time of the last frame that a room keeps while it sleeps may be 20 s off.
    pass(22_000);
    await alice.ask('message', { message: 'no' });
    expect(await bob.ended).toMatchObject({ code: 4002 });
    expect(bob.heard('message')).toHaveLength(1);
    // A client that has never sent a ping is not expected to send them.
    expect(await quiet.ask('getHistory')).toMatchObject({ ok: true });
  });

  it('that keeps sending counts as alive, with or without pings', async () => {
    const roomId = newRoom();
    const bob = await join(roomId, 'bob');
    await bob.pong();
    const alice = await join(roomId, 'alice');
    for (const sleeps of [false, true]) {
      for (let waits = 0; waits < 7; waits++) {
        pass(19_000);
        expect(await bob.ask('typing')).toMatchObject({ ok: true });
      }
      if (sleeps) await sleep(roomId);
      pass(55_000);
      expect(await alice.ask('typing')).toMatchObject({ ok: true });
      expect(await bob.ask('typing')).toMatchObject({ ok: true });
    }
  });
});

describe('a defect in one command', () => {
  it('reaches only its sender, as "internal" without details', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const bob = await join(roomId, 'bob');
    await alice.ask('message', { message: 'before' });
    await within(roomId, (_, { storage }) => void storage.sql.exec('DROP TABLE mentions'));
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const reply = await bob.ask('message', { message: 'poison', mentions: ['alice'] });
    expect(log).toHaveBeenCalledOnce();
    log.mockRestore();
    expect(reply).toEqual({
      ok: false,
      error: { code: 'internal', message: 'Something went wrong on our side; try again.' },
    });
    for (const one of [alice, bob]) {
      const { messages } = await one.ask('getHistory');
      expect(messages.map(({ message }) => message)).toEqual(['before']);
    }
  });
});

describe('a room', () => {
  it('[ROOM2] that was joined, typed in, read and left, but never written to, stores nothing', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice', { query: '?since=0:0&history=10' });
    for (const name of [
      'typing',
      'getHistory',
      'getMembers',
      'joinRoom',
      'leaveRoom',
      'joinRoom',
    ]) {
      expect(await alice.ask(name)).toMatchObject({ ok: true });
    }
    await alice.ask('getMissed', { after: '0:0' });
    await alice.ask('message', { message: '' });
    const authorization = `Bearer ${await tokenOf({ sub: 'bob' })}`;
    for (const path of ['', '/messages', '/members', '/missed?after=0:0']) {
      const response = await exports.default.fetch(`http://chat/rooms/${roomId}${path}`, {
        headers: { authorization },
      });
      expect(response.status).toBe(200);
      await response.text();
    }
    await alice.close(1000);
    expect(await stored(roomId)).toEqual([]);
    await sleep(roomId);
    expect(await stored(roomId)).toEqual([]);
  });

  it('ignores identity headers that a client sends', async () => {
    const roomId = newRoom();
    const wish = btoa(
      JSON.stringify({
        identity: { userId: 'root' },
        join: {},
        end: 'link',
      }),
    );
    const headers = { 'x-parlor-wish': wish };
    const alice = await join(roomId, 'alice', { headers });
    expect(alice.heard('joined')).toEqual([
      expect.objectContaining({ you: expect.objectContaining({ userId: 'alice' }) as unknown }),
    ]);
    const response = await exports.default.fetch(`http://chat/rooms/${roomId}/ws`, {
      headers: { upgrade: 'websocket', ...headers },
    });
    expect(response.status).toBe(401);
    await response.text();
    const asked = await exports.default.fetch(`http://chat/rooms/${roomId}/messages`, { headers });
    expect(asked.status).toBe(401);
    await asked.text();
  });

  it('[LIM8] accepts 10 sockets of a user and refuses the next, also after it has slept', async () => {
    const roomId = newRoom();
    const all: Client[] = [];
    for (let count = 0; count < 10; count++) all.push(await join(roomId, 'alice'));
    for (const wakes of [false, true]) {
      if (wakes) await sleep(roomId);
      const response = await upgrade(roomId, 'alice');
      expect([response.status, await response.json()]).toMatchObject([
        429,
        { error: { code: 'too_many_connections' } },
      ]);
    }
    await all[0]!.close(1000);
    await join(roomId, 'alice');
  });

  it('[CONN1] sends a browser the reason of a refusal over the socket', async () => {
    const token = await tokenOf({ sub: 'alice', exp: 1 });
    const response = await exports.default.fetch(`http://chat/rooms/${newRoom()}/ws`, {
      headers: {
        upgrade: 'websocket',
        'sec-websocket-protocol': `parlor.v1, bearer.${token}`,
      },
    });
    expect(response.status).toBe(101);
    expect(response.headers.get('sec-websocket-protocol')).toBe('parlor.v1');
    const client = new Client(response.webSocket!);
    expect(await client.ended).toEqual({
      code: 4003,
      reason: 'The token has expired; get a new one.',
    });
    expect(client.lines).toEqual([
      [
        'joined',
        {
          ok: false,
          error: { code: 'token_expired', message: 'The token has expired; get a new one.' },
        },
      ],
    ]);
  });
});
