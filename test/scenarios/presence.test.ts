import { expect, it } from 'vitest';
import type { EventPayload } from '../../src/protocol/events.ts';
import {
  forEachTransportAndRelays,
  barrier,
  newRoom,
  type OpenTransport,
  within,
} from '../support/for-each-transport.ts';
import { ok, type Visitor } from '../support/visitor.ts';

/** How long a user still counts as online after a lost connection, in milliseconds. */
const GRACE_MS = 5_000;

forEachTransportAndRelays((transport) => {
  it('[PRES1] counts a user with several devices once, until the last has left', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const { visitor: phone } = await transport.enter('bob', roomId);
    const { visitor: laptop, joined } = await transport.enter('bob', roomId);
    expect(joined.onlineCount).toBe(2);
    const names = joined.online.map(({ userId, username }) => [userId, username]);
    expect(Object.fromEntries(names)).toEqual({ alice: 'alice', bob: 'bob' });
    expect(names).toHaveLength(2);
    await phone.close();
    await barrier(roomId, laptop, [alice]);
    expect(alice.heard('userJoined')).toHaveLength(1);
    expect(alice.heard('userLeft')).toEqual([]);
    await laptop.close();
    expect(await alice.hears('userLeft')).toEqual({
      roomId,
      userId: 'bob',
      username: 'bob',
      timestamp: expect.any(Number),
      reason: 'left',
    });
  });

  it('[PRES6] sends a quiet connection messages and numbers, and no names', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const { visitor: listener, joined } = await transport.enter('lee', roomId, { quiet: true });
    expect(joined).toMatchObject({ online: [], onlineCount: 2, presence: 'count' });
    await alice.hears('userJoined', ({ userId }) => userId === 'lee');
    const { visitor: bob } = await transport.enter('bob', roomId);
    ok(await bob.command('typing', { roomId, isTyping: true }));
    await Promise.all([alice.hears('typing'), alice.hears('userJoined', ofBob)]);
    await listener.hears('presence', ({ onlineCount }) => onlineCount === 3);
    await barrier(roomId, bob, [alice, listener]);
    expect(listener.heard('userJoined')).toEqual([]);
    expect(listener.heard('typing')).toEqual([]);
    const { online } = ok(await listener.join(roomId, { quiet: false }));
    // In any order: a room that has slept lists the users of its relays as it finds them.
    expect(new Set(online.map(({ userId }) => userId))).toEqual(new Set(['alice', 'lee', 'bob']));
    ok(await bob.command('leaveRoom', { roomId }));
    await listener.hears('userLeft', ofBob);
  });

  it('[PRES2] reports a user who leaves at once, and a lost connection after 5 s', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const { visitor: bob } = await transport.enter('bob', roomId);
    const { visitor: carol } = await transport.enter('carol', roomId);
    const { visitor: dan } = await transport.enter('dan', roomId);
    ok(await bob.command('leaveRoom', { roomId }));
    await alice.hears('userLeft', ({ userId }) => userId === 'bob');
    await carol.close();
    await alice.hears('userLeft', ({ userId }) => userId === 'carol');
    const from = performance.now();
    await dan.drop();
    await alice.hears('userLeft', ({ userId }) => userId === 'dan');
    expect(performance.now() - from).toBeGreaterThanOrEqual(GRACE_MS - 50);
    expect(alice.heard('userLeft').map(({ userId, reason }) => [userId, reason])).toEqual([
      ['bob', 'left'],
      ['carol', 'left'],
      ['dan', 'disconnected'],
    ]);
    // Bob has left and receives no more events of the room.
    expect(bob.heard('userLeft')).toEqual([]);
  });

  it('[PRES2] reports nothing when a user returns within 5 s', async () => {
    const { roomId, alice, back, clock } = await within(GRACE_MS, async (start) => {
      const room = newRoom();
      const { visitor: alice } = await transport.enter('alice', room);
      const { visitor: bob } = await transport.enter('bob', room);
      const { visitor: clock } = await transport.enter('clock', room);
      start();
      await bob.drop();
      const { visitor: back } = await transport.enter('bob', room);
      return { roomId: room, alice, back, clock };
    });
    // `clock` drops after Bob: when its `userLeft` arrives, Bob's would have arrived too.
    await clock.drop();
    await alice.hears('userLeft', ({ userId }) => userId === 'clock');
    await barrier(roomId, back, [alice]);
    expect(alice.heard('userLeft').map(({ userId }) => userId)).toEqual(['clock']);
    expect(alice.heard('userJoined').map(({ userId }) => userId)).toEqual(['bob', 'clock']);
  });

  it('[PRES2] lists a user as online within the 5 s, and then reports the leave', async () => {
    const { alice, back, joined } = await within(GRACE_MS, async (start) => {
      const room = newRoom();
      const { visitor } = await transport.enter('alice', room);
      const { visitor: bob } = await transport.enter('bob', room);
      await visitor.hears('userJoined');
      start();
      await bob.drop();
      const { joined: seen } = await transport.enter('carol', room);
      const { visitor: again } = await transport.enter('bob', room);
      return { alice: visitor, back: again, joined: seen };
    });
    const users = joined.online.map(({ userId }) => userId);
    expect(users.toSorted()).toEqual(['alice', 'bob', 'carol']);
    await back.close();
    const left = await alice.hears('userLeft', ({ userId }) => userId === 'bob');
    expect(left.reason).toBe('left');
  });

  it('[PRES1] alternates joins and leaves of a user', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    for (let round = 0; round < 4; round++) {
      const { visitor: phone } = await transport.enter('bob', roomId);
      const { visitor: laptop } = await transport.enter('bob', roomId);
      ok(await phone.command('leaveRoom', { roomId }));
      ok(await phone.join(roomId));
      await Promise.all([phone.close(), round % 2 === 0 ? laptop.close() : laptop.drop()]);
    }
    const { visitor: last } = await transport.enter('bob', roomId);
    ok(await last.command('leaveRoom', { roomId }));
    await barrier(roomId, (await transport.enter('carol', roomId)).visitor, [alice]);
    const story = alice.stream
      .filter(({ name, payload }) => name.startsWith('user') && ofBob(payload))
      .map(({ name }) => name);
    expect(story.length).toBeGreaterThanOrEqual(2);
    for (const [at, name] of story.entries()) {
      expect(name).toBe(at % 2 === 0 ? 'userJoined' : 'userLeft');
    }
  });

  it('[PRES4] [TYP1] reports only numbers above 200 users, and no typing above 100', async () => {
    const roomId = newRoom('crowd');
    const { visitor: alice } = await transport.enter('alice', roomId);
    const crowd = await enterAll(transport, roomId, 99);
    await alice.until('the crowd', () => alice.heard('userJoined').length === 99);
    ok(await crowd[0]!.command('typing', { roomId }));
    await alice.hears('typing');
    const beyond = await enterAll(transport, roomId, 1, 'the 101st');
    ok(await crowd[1]!.command('typing', { roomId }));
    ok(await beyond[0]!.command('typing', { roomId }));
    await barrier(roomId, crowd[2]!, [alice]);
    expect(alice.heard('typing')).toHaveLength(1);

    const more = await enterAll(transport, roomId, 99, 'more');
    await barrier(roomId, crowd[2]!, [alice]);
    expect(alice.heard('userJoined')).toHaveLength(199);
    expect(alice.heard('presence')).toEqual([]);
    const { visitor: over, joined } = await transport.enter('the 201st', roomId);
    expect(joined).toMatchObject({ onlineCount: 201, presence: 'count' });
    expect(joined.online).toHaveLength(100);
    expect(await alice.hears('presence')).toEqual({ roomId, onlineCount: 201 });

    // Many users join and leave, and at most one number a second is sent.
    const from = Date.now();
    const late = await enterAll(transport, roomId, 20, 'late');
    await Promise.all(late.slice(0, 5).map((visitor) => visitor.close()));
    await alice.hears('presence', ({ onlineCount }) => onlineCount === 216);
    expect(alice.heard('userJoined')).toHaveLength(199);
    expect(alice.heard('userLeft')).toEqual([]);
    const numbers = alice.heard('presence').length;
    expect(numbers).toBeLessThanOrEqual(2 + (Date.now() - from) / 1_000);
    const { members, onlineCount } = ok(
      await over.command('getMembers', { roomId, online: true, limit: 100 }),
    );
    expect([members.length, onlineCount]).toEqual([100, 216]);

    // Back at 200 or fewer, a last number is sent, and events with names begin again.
    await Promise.all(
      [...late.slice(5), ...more.slice(0, 10), over].map((visitor) => visitor.close()),
    );
    await alice.hears('presence', ({ onlineCount }) => onlineCount <= 200);
    const settled = await settledCount(alice, 190);
    expect(settled).toBe(190);
    const { visitor: named } = await transport.enter('named again', roomId);
    await alice.hears('userJoined', ({ userId }) => userId === 'named again');
    await named.close();
    await alice.hears('userLeft', ({ userId }) => userId === 'named again');
  });
});

/** Waits until the last number, with the joins and leaves since, makes `expected` users online. */
function settledCount(visitor: Visitor, expected: number): Promise<number> {
  return visitor.until(`${expected} people`, () => {
    const at = visitor.stream.findLastIndex(({ name }) => name === 'presence');
    const { onlineCount } = visitor.stream[at]!.payload as EventPayload<'presence'>;
    const since = visitor.stream.slice(at).map(({ name }) => name);
    const count =
      onlineCount +
      since.filter((name) => name === 'userJoined').length -
      since.filter((name) => name === 'userLeft').length;
    return count === expected && count;
  });
}

async function enterAll(
  transport: OpenTransport,
  roomId: string,
  count: number,
  name = 'one of many',
): Promise<Visitor[]> {
  const entered = await Promise.all(
    Array.from({ length: count }, (_, at) => transport.enter(`${name} ${at}`, roomId)),
  );
  return entered.map(({ visitor }) => visitor);
}

function ofBob(payload: unknown): boolean {
  return (payload as { userId?: string }).userId === 'bob';
}
