import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openRoom, type RoomObjects } from '../../src/edge/open-room.ts';
import { relayName } from '../../src/edge/relay-name.ts';
import type { RelayObject } from '../../src/edge/relay-object.ts';
import type { RoomObject } from '../../src/edge/room-object.ts';
import type { Settings } from '../../src/settings/settings.ts';
import { upgradeRequest } from '../../src/edge/upgrade-context.ts';
import type { HostedObject } from '../../src/host/hosted-object.ts';
import type { Relay } from '../../src/relay/relay.ts';
import { Client, join, newRoom, sleep, within } from './client.ts';

function relayOf(roomId: string, relay = 1) {
  return env.RELAY.getByName(relayName(roomId, relay));
}

/** Joins at a relay of a room, as the Worker does when the room itself holds enough sockets. */
async function joinRelay(
  roomId: string,
  userId: string,
  join: object = {},
  relay = 1,
): Promise<Client> {
  const identity = { userId, name: userId };
  const request = upgradeRequest({ identity, join, end: 'native' });
  const response = await relayOf(roomId, relay).fetch(request);
  const client = new Client(response.webSocket!);
  await client.until('joined');
  return client;
}

function messages(client: Client): unknown[] {
  return client.heard('message').map(({ message }) => message);
}

/** Waits until a client has received a message with this text. */
async function hears(client: Client, said: string): Promise<void> {
  await client.until('message', (payload) => (payload as { message: unknown }).message === said);
}

/** Aborts an object, which loses its memory and its sockets. */
async function abort(object: DurableObjectStub): Promise<void> {
  await runInDurableObject(object, (_, state) => state.abort('Instance disposed by a test')).catch(
    () => undefined,
  );
}

/** Changes settings of one object until it is evicted. */
async function configure(object: DurableObjectStub, change: Partial<Settings>): Promise<void> {
  await runInDurableObject(object, (instance) => {
    const { settings } = instance as unknown as { settings: Settings };
    Object.defineProperty(instance, 'settings', { value: { ...settings, ...change } });
  });
}

describe('relays as Durable Objects', () => {
  it('[RELAY5] are found with one request to the room, however many clients connect at once', async () => {
    const roomId = newRoom();
    await configure(env.ROOM.getByName(roomId), { RELAY_ABOVE: 0 });
    await configure(relayOf(roomId), { RELAY_CONNECTIONS: 20 });
    let questions = 0;
    const ROOM = {
      getByName: (name: string) => ({
        fetch: (request: Request) => {
          questions++;
          return env.ROOM.getByName(name).fetch(request);
        },
      }),
    };
    const objects = { ROOM, RELAY: env.RELAY } as unknown as RoomObjects;
    const sockets = await Promise.all(
      Array.from({ length: 50 }, (_, at) => {
        const identity = { userId: `user-${at}`, name: `User ${at}` };
        return openRoom(objects, roomId, { identity, join: {}, end: 'native' });
      }),
    );
    const clients = sockets.map((socket) => new Client(socket));
    await Promise.all(clients.map((client) => client.until('joined')));
    const sizes = [1, 2].map((relay) =>
      runInDurableObject(relayOf(roomId, relay), (_, state) => state.getWebSockets().length),
    );
    expect([questions, ...(await Promise.all(sizes))]).toEqual([1, 20, 30]);
  });

  it('[RELAY5] are not asked by connections that come later, once they are full', async () => {
    const roomId = newRoom();
    await configure(env.ROOM.getByName(roomId), { RELAY_ABOVE: 0, RELAY_CONNECTIONS: 5 });
    const full = Array.from({ length: 10 }, (_, at) => at + 1);
    for (const relay of full) {
      await configure(relayOf(roomId, relay), { RELAY_CONNECTIONS: 5 });
      const names = [1, 2, 3, 4, 5].map((at) => `listener ${relay}.${at}`);
      await Promise.all(names.map((name) => joinRelay(roomId, name, {}, relay)));
    }
    const asked: string[] = [];
    const RELAY = {
      getByName: (name: string) => {
        asked.push(name);
        return env.RELAY.getByName(name);
      },
    };
    const objects = { ROOM: env.ROOM, RELAY } as unknown as RoomObjects;
    const users = ['alice', 'bob', 'carol', 'dave'];
    for (const userId of users) {
      const identity = { userId, name: userId };
      const socket = await openRoom(objects, roomId, { identity, join: {}, end: 'native' });
      await new Client(socket).until('joined');
    }
    expect(asked).toEqual(users.map(() => relayName(roomId, 11)));
  });

  it('[RELAY1] pass messages on in both directions, and hold the sockets', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const bob = await joinRelay(roomId, 'bob');
    expect(await alice.until('userJoined')).toMatchObject({ userId: 'bob' });
    await alice.ask('message', { message: 'hello, Bob' });
    await bob.until('message');
    await bob.ask('message', { message: 'hello, Alice' });
    await alice.until('message');
    expect([messages(alice), messages(bob)]).toEqual([['hello, Alice'], ['hello, Bob']]);
    const sockets = (object: DurableObjectStub) =>
      runInDurableObject(object, (_, state) => state.getWebSockets().length);
    expect(await sockets(env.ROOM.getByName(roomId))).toBe(1);
    expect(await sockets(relayOf(roomId))).toBe(1);
  });

  it('[RELAY1] close nobody when a listener asks for many long pages at once', async () => {
    const roomId = newRoom();
    const alice = await joinRelay(roomId, 'alice');
    const bob = await joinRelay(roomId, 'bob');
    const message = `a${'\u0085'.repeat(4_095)}`;
    for (let count = 0; count < 31; count++) await bob.ask('message', { message });
    const asked = Array.from({ length: 40 }, (_, ref) => ref);
    alice.send(asked.map((ref) => `["getHistory",{"limit":100},${ref}]`).join('\n'));
    await expect.poll(() => alice.heard('ack')).toEqual(asked);
    expect(await bob.ask('message', { message: 'still here' })).toMatchObject({ ok: true });
    expect(bob.socket.readyState).toBe(WebSocket.READY_STATE_OPEN);
  });

  it('[RELAY2] keep their sockets while relay and room sleep', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const bob = await joinRelay(roomId, 'bob');
    const carol = await joinRelay(roomId, 'carol');
    await alice.ask('message', { message: 'one' });
    await Promise.all([bob.until('message'), carol.until('message')]);
    for (const said of ['two', 'three']) {
      await sleep(roomId);
      await evictDurableObject(relayOf(roomId));
      await alice.ask('message', { message: said });
    }
    await Promise.all([bob, carol].map((one) => hears(one, 'three')));
    expect(messages(bob)).toEqual(['one', 'two', 'three']);
    expect(messages(carol)).toEqual(['one', 'two', 'three']);
    await evictDurableObject(relayOf(roomId));
    const { onlineCount } = await bob.ask('getMembers', { online: true });
    expect(onlineCount).toBe(3);
  });

  it('[RELAY2] and their room have neither alarm nor timer once everything was sent', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const numbers = Array.from({ length: 20 }, (_, at) => at + 1);
    const listeners = await Promise.all(
      numbers.map((relay) => joinRelay(roomId, `listener ${relay}`, {}, relay)),
    );
    const all = async (said: string) => {
      await alice.ask('message', { message: said });
      await Promise.all(listeners.map((listener) => hears(listener, said)));
    };
    await all('before');
    const objects = [
      env.ROOM.getByName(roomId),
      ...numbers.map((relay) => relayOf(roomId, relay)),
    ] as DurableObjectStub<RoomObject>[];
    const count = async (look: (object: RoomObject, state: DurableObjectState) => unknown) => {
      const found = await Promise.all(objects.map((object) => runInDurableObject(object, look)));
      return found.filter(Boolean).length;
    };
    const state = async () => {
      if ((await count((object) => !object['hosted'].isIdle)) > 0) return 'has timers';
      if ((await count((_, { storage }) => storage.getAlarm())) === 0) return 'at rest';
      // The room has a wakeup within a minute of the last order, when it asks its relays once. Run that
      // alarm on a room that sleeps; only then, since the checks above would wake it.
      await sleep(roomId);
      await runDurableObjectAlarm(objects[0]!);
      return 'has an alarm';
    };
    await expect.poll(state).toBe('at rest');
    await all('after');
    expect(messages(listeners[0]!)).toEqual(['before', 'after']);
  });

  it('[RELAY3] deliver, once, what the room stored and did not pass on before it crashed', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const bob = await joinRelay(roomId, 'bob');
    await alice.ask('message', { message: 'heard' });
    await bob.until('message');
    await within(roomId, (object) => {
      const RELAY = { getByName: () => ({ order: () => new Promise(() => undefined) }) };
      Object.assign(object, { env: { ...env, RELAY } });
    });
    await alice.ask('message', { message: 'stored, and not passed on' });
    await abort(env.ROOM.getByName(roomId));
    const again = await join(roomId, 'alice');
    await again.ask('message', { message: 'after the crash' });
    await hears(bob, 'after the crash');
    expect(messages(bob)).toEqual(['heard', 'stored, and not passed on', 'after the crash']);
    expect((await bob.ask('message', { message: 'I am here' })).ok).toBe(true);
  });

  it('[RELAY3] that crash get their users back, who miss nothing', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const bob = await joinRelay(roomId, 'bob');
    const { position } = await bob.ask('joinRoom');
    await abort(relayOf(roomId));
    await bob.ended;
    await alice.ask('message', { message: 'while Bob is away' });
    const again = await joinRelay(roomId, 'bob', { since: position });
    expect(again.heard('joined')[0]).toMatchObject({
      missed: [{ message: 'while Bob is away' }],
      complete: true,
      onlineCount: 2,
    });
  });

  describe.each<[string, (roomId: string, bob: Client) => Promise<unknown>]>([
    ['leave', (_, bob) => bob.close(1000)],
    ['are lost with their relay', (roomId) => abort(relayOf(roomId))],
    [
      'are on a relay that does not answer',
      (roomId) =>
        runInDurableObject(relayOf(roomId), (object) => {
          const prototype = Object.getPrototypeOf(object) as RelayObject;
          vi.spyOn(prototype, 'attach').mockResolvedValueOnce(undefined as never);
          onTestFinished(() => void vi.restoreAllMocks());
        }),
    ],
  ])('whose last listeners %s while the room sleeps', (_, end) => {
    it('[RELAY2] have the others hear how many users are online', async () => {
      const roomId = newRoom();
      const alice = await join(roomId, 'alice');
      const bob = await joinRelay(roomId, 'bob');
      await alice.ask('message', { message: 'hello' });
      await hears(bob, 'hello');
      await sleep(roomId);
      await end(roomId, bob);
      await alice.ask('message', { message: 'is Bob here?' });
      await alice.until('presence', ({ onlineCount }) => onlineCount === 1);
      expect(await alice.ask('getMembers', { online: true })).toMatchObject({ onlineCount: 1 });
      await bob.ended;
    });
  });

  it('[RELAY2] are forgotten by the room once they have no listeners', async () => {
    const roomId = newRoom();
    const bob = await joinRelay(roomId, 'bob');
    await bob.ask('message', { message: 'hello' });
    const stored = () => within(roomId, (_, { storage }) => storage.kv.get('relays'));
    expect(await stored()).toMatchObject({ numbers: [1] });
    await bob.close(1000);
    await expect
      .poll(async () => {
        await join(roomId, 'alice').then((alice) => alice.close(1000));
        return stored();
      })
      .toMatchObject({ numbers: [] });
  });

  it('[RELAY2] are forgotten by the room also if their listeners left while it slept', async () => {
    const roomId = newRoom();
    const bob = await joinRelay(roomId, 'bob');
    await bob.ask('message', { message: 'hello' });
    await sleep(roomId);
    await bob.close(1000);
    await expect
      .poll(() => within(roomId, (_, { storage }) => storage.kv.get('relays')))
      .toMatchObject({ numbers: [] });
  });
});

describe('a crowd that reconnects at once', () => {
  const RELAYS = 3;
  const LISTENERS = 300;
  const numbers = Array.from({ length: RELAYS }, (_, at) => at + 1);
  const names = Array.from({ length: LISTENERS }, (_, at) => `listener ${at}`);

  function joinAll(roomId: string, join: object): Promise<Client[]> {
    return Promise.all(
      names.map((name, at) => joinRelay(roomId, name, join, numbers[at % RELAYS])),
    );
  }

  /** How many sockets a relay holds, including those that wait for the room's answer. */
  function sizeOf(roomId: string, relay: number): Promise<number> {
    return runInDurableObject(relayOf(roomId, relay), (object) =>
      (object as unknown as { hosted: HostedObject<Relay> }).hosted.run(({ size }) => size),
    );
  }

  it('[RELAY5] costs the room a few calls, and receives exactly what it missed', async () => {
    const roomId = newRoom();
    const clients = await joinAll(roomId, {});
    const speaker = await joinRelay(roomId, 'speaker', {}, 4);
    const { position } = await speaker.ask('joinRoom');
    // As after a deploy: the relays lose their sockets, and then the room is slow to answer.
    for (const relay of numbers) await abort(relayOf(roomId, relay));
    await Promise.all(clients.map(({ ended }) => ended));
    const said = ['one', 'two', 'three'];
    for (const message of said) await speaker.ask('message', { message });

    const { promise: isAwake, resolve: wake } = Promise.withResolvers<void>();
    let calls = 0;
    await within(roomId, (object) => {
      const prototype = Object.getPrototypeOf(object) as RoomObject;
      const { relayed } = prototype;
      vi.spyOn(prototype, 'relayed').mockImplementation(async function (this: RoomObject, call) {
        calls++;
        await isAwake;
        return relayed.call(this, call);
      });
    });
    onTestFinished(() => void vi.restoreAllMocks());
    const back = joinAll(roomId, { since: position });
    for (const relay of numbers)
      await expect.poll(() => sizeOf(roomId, relay)).toBe(LISTENERS / RELAYS);
    wake();
    for (const client of await back) {
      const [joined] = client.heard('joined');
      const missed = (joined!['missed'] as { message: string }[]).map(({ message }) => message);
      expect([missed, joined!['complete']]).toEqual([said, true]);
    }
    expect(calls).toBeLessThanOrEqual(4 * (RELAYS + LISTENERS / 500));
    await speaker.ask('message', { message: 'after' });
    for (const client of await back) {
      await hears(client, 'after');
      expect(messages(client)).toEqual(['after']);
    }
  });
});
