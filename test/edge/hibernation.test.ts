import { abortAllDurableObjects, evictDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Attachment } from '../../src/edge/object-connection.ts';
import { upgradeRequest } from '../../src/edge/upgrade-context.ts';
import { Client, fallsAsleep, join, newRoom, sleep, stubOf, tokenOf, within } from './client.ts';

const GRIN = '\u{1F600}';

afterEach(() => {
  vi.useRealTimers();
});

function instanceOf(roomId: string): Promise<string> {
  return within(roomId, (object) => object.instance);
}

const volatile = new Set(['timestamp', 'epoch', 'position', 'createdAt', 'expiresAt', 'roomId']);

function steady(key: string, value: unknown): unknown {
  // A room that woke may list the users online in another order.
  if (key === 'online' && Array.isArray(value))
    return (value as { userId: string }[]).map(({ userId }) => userId).toSorted();
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([key]) => !volatile.has(key)))
    : value;
}

/** What each client received, without values that differ from run to run. */
function transcript(clients: Record<string, Client>): Record<string, unknown[]> {
  return Object.fromEntries(
    Object.entries(clients).map(([name, { lines }]) => [
      name,
      lines
        .filter(([event]) => event !== 'position')
        .map((line) => JSON.parse(JSON.stringify(line, steady)) as unknown),
    ]),
  );
}

/** One conversation in a room, step by step. Each step ends when its result was received. */
function conversation(roomId: string) {
  const clients: Record<string, Client> = {};
  const enter = async (name: string, userId: string, query = '') => {
    clients[name] = await join(roomId, userId, { query });
  };
  const client = (name: string): Client => clients[name]!;
  const steps: (() => Promise<unknown>)[] = [
    () => enter('alice', 'alice'),
    () => enter('bob', 'bob'),
    () => client('alice').until('userJoined'),
    () => client('alice').ask('message', { message: 'hello', id: 'a1' }),
    () => client('bob').until('message'),
    () => client('bob').ask('typing'),
    () => client('alice').until('typing'),
    () => client('bob').ask('message', { message: 'hi', id: 'b1' }),
    () => client('bob').ask('message', { message: 'hi again', id: 'b1' }),
    () => enter('phone', 'bob', '?history=10&since=0:0'),
    () => client('alice').ask('message', { message: 'how are you', id: 'a2' }),
    () => client('phone').until('message'),
    () => client('bob').close(1000),
    () => client('alice').ask('getMembers', { online: true }),
    () => client('phone').ask('leaveRoom'),
    () => client('alice').until('userLeft'),
    () => client('phone').ask('message', { message: 'not here' }),
    () => client('phone').ask('joinRoom', { history: 1 }),
    () => client('alice').ask('getHistory', { limit: 2 }),
    () => client('phone').close(),
    () => client('alice').ask('getMembers', { online: true }),
    () => enter('carol', 'carol', '?since=0:0'),
    () => client('alice').ask('getMembers'),
  ];
  return { clients, steps };
}

async function runConversation(
  sleepsBefore: (at: number) => boolean,
): Promise<Record<string, unknown[]>> {
  const roomId = newRoom();
  const { clients, steps } = conversation(roomId);
  for (const [at, step] of steps.entries()) {
    if (at > 0 && sleepsBefore(at)) await sleep(roomId);
    await step();
  }
  return transcript(clients);
}

describe('a room that sleeps', () => {
  it('gives the same results when it sleeps between any two steps', async () => {
    const awake = await runConversation(() => false);
    expect(awake['alice']!.length).toBeGreaterThan(12);
    expect(await runConversation(() => true)).toEqual(awake);
    const { length } = conversation(newRoom()).steps;
    for (let once = 1; once < length; once++) {
      expect(await runConversation((at) => at === once)).toEqual(awake);
    }
  });

  it('[ROOM3] keeps the epoch of an empty room when its object is evicted or aborted', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const { epoch } = await alice.until('joined');
    await sleep(roomId);
    await alice.ask('message', { message: 'first' });
    await abortAllDurableObjects();
    const bob = await join(roomId, 'bob', { query: `?since=${epoch}:0` });
    const joined = await bob.until('joined');
    expect(joined).toMatchObject({ epoch, missed: [{ seq: 1 }], complete: true });
    expect(joined).not.toHaveProperty('reset');
    const carol = await join(newRoom(), 'carol');
    expect((await carol.until('joined')).epoch).not.toBe(epoch);
  });

  it('wakes as another object, and knows the name of every socket and whether it has joined', async () => {
    const roomId = newRoom();
    const sub = GRIN.repeat(128);
    const name = GRIN.repeat(64);
    const alice = await join(roomId, sub, { claims: { name } });
    const bob = await join(roomId, 'bob');
    await bob.ask('leaveRoom');
    const before = await instanceOf(roomId);
    await sleep(roomId);
    const sent = await alice.ask('message', { message: 'still me' });
    expect(sent.message).toMatchObject({ senderId: sub, sender: name });
    expect(await bob.ask('message', { message: 'x' })).toMatchObject({
      ok: false,
      error: { code: 'not_joined' },
    });
    expect(await alice.ask('getMembers', { online: true })).toMatchObject({ onlineCount: 1 });
    expect(await instanceOf(roomId)).not.toBe(before);
  });

  it('keeps the name in a newer token when it sleeps', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice', { claims: { name: 'Alice' } });
    const bob = await join(roomId, 'bob', { claims: { name: 'Bob' } });
    const token = await tokenOf({ sub: 'alice', name: 'Alicia' });
    expect(await alice.ask('refreshToken', { token })).toMatchObject({ ok: true });
    expect(await bob.until('memberUpdated')).toMatchObject({ userId: 'alice', username: 'Alicia' });
    await sleep(roomId);
    const { online } = await bob.ask('joinRoom');
    expect(online).toContainEqual({ userId: 'alice', username: 'Alicia' });
    await sleep(roomId);
    const sent = await alice.ask('message', { message: 'still me' });
    expect(sent.message).toMatchObject({ sender: 'Alicia' });
    await alice.close(1000);
    expect(await bob.until('userLeft')).toMatchObject({ username: 'Alicia' });
  });

  it('keeps the attachment of a guest with the longest names far below the limit of a socket', async () => {
    const roomId = newRoom();
    const identity = {
      userId: `guest:${crypto.randomUUID()}`,
      guest: true as const,
      guestToken: 'x'.repeat(512),
      expiresAt: Number.MAX_SAFE_INTEGER,
    };
    const response = await stubOf(roomId).fetch(
      upgradeRequest({
        identity,
        join: { username: GRIN.repeat(64) },
        end: 'native',
      }),
    );
    const guest = new Client(response.webSocket!);
    await guest.until('joined');
    guest.send('no tuple');
    await guest.until('error');
    await sleep(roomId);
    const kept = await within(roomId, (_, state) =>
      state.getWebSockets().map((socket) => socket.deserializeAttachment() as Attachment),
    );
    expect(kept).toEqual([
      expect.objectContaining({
        v: 1,
        identity,
        joined: true,
        name: { username: GRIN.repeat(64), unverified: true },
        badFrames: expect.objectContaining({ count: 1 }) as unknown,
      }),
    ]);
    // A serialized string takes at most two bytes a UTF-16 unit.
    expect(JSON.stringify(kept[0]).length * 2).toBeLessThan(16_384 / 2);
  });

  it('sends userLeft exactly once for a user whose sockets all closed while it slept', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const bobs = await Promise.all([join(roomId, 'bob'), join(roomId, 'bob'), join(roomId, 'bob')]);
    await alice.until('userJoined');
    await sleep(roomId);
    await Promise.all(bobs.map((bob) => bob.close(1000)));
    expect(await alice.ask('getMembers', { online: true })).toMatchObject({
      onlineCount: 1,
      members: [{ userId: 'alice' }],
    });
    expect(alice.heard('userLeft')).toEqual([
      expect.objectContaining({ userId: 'bob', reason: 'left' }),
    ]);
  });

  it('sends userLeft when a close is the first event that wakes it', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const bob = await join(roomId, 'bob');
    await sleep(roomId);
    await bob.close();
    expect(await alice.until('userLeft')).toMatchObject({ userId: 'bob', reason: 'left' });
  });

  it('sends no event when one of several sockets of a user closes while it sleeps', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const laptop = await join(roomId, 'bob');
    const phone = await join(roomId, 'bob');
    await sleep(roomId);
    await laptop.close(1000);
    await sleep(roomId);
    await phone.ask('message', { message: 'still here' });
    await alice.until('message');
    expect(alice.heard('userJoined')).toHaveLength(1);
    expect(alice.heard('userLeft')).toEqual([]);
    await phone.close(1000);
    expect(await alice.until('userLeft')).toMatchObject({ userId: 'bob' });
  });

  it('[WIRE7] answers ping without waking', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    await sleep(roomId);
    await alice.pong();
    // An object that runs can be evicted, one that sleeps cannot.
    await expect(evictDurableObject(stubOf(roomId))).rejects.toThrow('not currently running');
    await within(roomId, () => true);
    await evictDurableObject(stubOf(roomId));
    await alice.pong();
    expect(alice.pongs).toEqual(['pong', 'pong']);
    const at = await within(roomId, (_, state) =>
      state.getWebSocketAutoResponseTimestamp(state.getWebSockets()[0]!),
    );
    expect(at).toBeInstanceOf(Date);
  });

  it('keeps what it has stored when its object is reset, and every client resumes', async () => {
    const roomId = newRoom();
    const alice = await join(roomId, 'alice');
    const { message } = await alice.ask('message', { message: 'kept', id: 'a1' });
    const { position } = await alice.ask('joinRoom');
    await abortAllDurableObjects();
    expect(await alice.ended).toMatchObject({ code: 1006 });
    const again = await join(roomId, 'alice', { query: `?since=${position}` });
    expect(again.heard('joined')).toEqual([
      expect.objectContaining({ missed: [], complete: true, position }),
    ]);
    expect(await again.ask('message', { message: 'kept', id: 'a1' })).toEqual({
      ok: true,
      message,
      duplicate: true,
    });
  });

  it('sleeps under 50 silent sockets, and its next message reaches all 50', async () => {
    const roomId = newRoom();
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, at) => join(roomId, `user ${at}`)),
    );
    await fallsAsleep(roomId);
    await all[0]!.ask('message', { message: 'good morning' });
    for (const one of all.slice(1)) {
      expect(await one.until('message')).toMatchObject({ message: 'good morning' });
    }
  });
});
