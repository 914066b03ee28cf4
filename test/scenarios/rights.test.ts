import { setTimeout as pass } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { founded, floodBans } from '../support/rights.ts';
import { forEachTransport, barrier, newRoom } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { inAnHour, tokenFor } from '../support/tokens.ts';
import { ok, refusal } from '../support/visitor.ts';

forEachTransport((transport) => {
  it('[MSG5] changes a room, and sends the event to everyone else', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const { room: before } = ok(await owner.join(roomId));
    const change = {
      topic: 'Naïve news 🎉',
      private: true,
      readOnly: true,
      slowModeSeconds: 30,
      retentionDays: 90,
    };
    const { room } = ok(await owner.command('updateRoom', { roomId, ...change }));
    expect(room).toEqual({ ...before, ...change });
    expect(await bob.hears('roomUpdated')).toEqual(room);
    expect(ok(await bob.join(roomId)).room).toEqual(room);
    // An update that changes nothing causes no event.
    expect(ok(await owner.command('updateRoom', { roomId, ...change })).room).toEqual(room);
    expect(ok(await owner.command('updateRoom', { roomId })).room).toEqual(room);
    const undo = {
      topic: '',
      private: false,
      readOnly: false,
      slowModeSeconds: 0,
      retentionDays: null,
    };
    expect(ok(await owner.command('updateRoom', { roomId, ...undo })).room).toEqual(before);
    await barrier(roomId, owner, [bob]);
    expect(bob.heard('roomUpdated')).toEqual([room, before]);
    expect(owner.heard('roomUpdated')).toEqual([]);
    // Changes of the room take no `rev`.
    expect(bob.heard('message').at(-1)?.rev).toBe(2);
  });

  it('[MOD1] allows moderators to set topic and slow mode, owners everything, and others nothing', async () => {
    const roles = { mo: 'moderator', bob: 'member', vera: 'viewer' } as const;
    const { roomId, mo, bob, vera, owner } = await founded(transport, roles);
    const { visitor: stranger } = await transport.enter('stranger', roomId);
    for (const who of [bob, vera, stranger]) {
      for (const change of [{ topic: 'mine' }, { slowModeSeconds: 1 }, { readOnly: true }, {}]) {
        expect(refusal(await who.command('updateRoom', { roomId, ...change })).code).toBe(
          'forbidden',
        );
      }
    }
    ok(await mo.command('updateRoom', { roomId, topic: 'ours', slowModeSeconds: 1 }));
    for (const change of [{ private: true }, { readOnly: true }, { retentionDays: 1 }]) {
      const both = { roomId, topic: 'sneaked in', ...change };
      expect(refusal(await mo.command('updateRoom', both)).code).toBe('forbidden');
    }
    expect(ok(await owner.join(roomId)).room).toMatchObject({
      topic: 'ours',
      slowModeSeconds: 1,
      private: false,
      readOnly: false,
    });
  });

  it('says which field of a change of the room is invalid', async () => {
    const { roomId, owner } = await founded(transport);
    const cases: [payload: object, field: string][] = [
      [{ topic: 7 }, 'topic'],
      [{ topic: 't'.repeat(257) }, 'topic'],
      [{ topic: 'two\nlines' }, 'topic'],
      [{ private: 'yes' }, 'private'],
      [{ readOnly: 1 }, 'readOnly'],
      [{ slowModeSeconds: -1 }, 'slowModeSeconds'],
      [{ slowModeSeconds: 86_401 }, 'slowModeSeconds'],
      [{ retentionDays: 0 }, 'retentionDays'],
      [{ retentionDays: 3_651 }, 'retentionDays'],
    ];
    for (const [payload, field] of cases) {
      const problem = refusal(await owner.command('updateRoom', { roomId, ...payload }));
      expect(problem, JSON.stringify(payload)).toMatchObject({ code: 'invalid_payload', field });
    }
  });

  it('[MOD3] allows only owners and admins to send in a read-only room', async () => {
    const { roomId, owner, mo } = await founded(transport, { mo: 'moderator' });
    ok(await owner.command('updateRoom', { roomId, readOnly: true }));
    const { visitor: bob } = await transport.enter('bob', roomId);
    const { visitor: ada } = await transport.enter('ada', roomId, {}, { admin: true });
    for (const who of [mo, bob]) {
      const refused = [
        await who.command('message', { roomId, message: 'me too' }),
        await who.command('typing', { roomId }),
      ];
      for (const result of refused) expect(refusal(result).code).toBe('forbidden');
    }
    await say(owner, roomId, 'announcement');
    await say(ada, roomId, 'from above');
    await bob.until('both', () => bob.heard('message').length === 2);
    expect(ok(await bob.command('markRead', { roomId, readUpTo: 3 })).unread).toBe(0);
  });

  it('[MOD5] slows members down, but neither moderators, owners nor repeated messages', async () => {
    const { roomId, owner, mo, bob } = await founded(transport, { mo: 'moderator', bob: 'member' });
    // Longer than this test takes on any machine; a short one is tested below.
    ok(await owner.command('updateRoom', { roomId, slowModeSeconds: 3_600 }));
    const send = (message: string, id: string) => bob.command('message', { roomId, message, id });
    const first = ok(await send('one', 'b-1'));
    const problem = refusal(await send('two', 'b-2'));
    expect(problem).toEqual({
      code: 'slow_mode',
      message: expect.any(String),
      retryAfterMs: expect.any(Number),
    });
    expect(ok(await send('one', 'b-1'))).toEqual({ ...first, duplicate: true });
    for (const who of [owner, mo]) {
      await say(who, roomId, 'at once');
      await say(who, roomId, 'and again');
    }
    const edit = { roomId, seq: first.message.seq, message: 'one, better' };
    ok(await bob.command('editMessage', edit));
    ok(await owner.command('updateRoom', { roomId, slowModeSeconds: 2 }));
    let result = await send('two', 'b-2');
    while (!result.ok) {
      expect(result.error.retryAfterMs).toBeLessThanOrEqual(2_000);
      await pass(result.error.retryAfterMs);
      result = await send('two', 'b-2');
    }
    expect(result.message.timestamp - first.message.timestamp).toBeGreaterThanOrEqual(2_000);
    ok(await mo.command('updateRoom', { roomId, slowModeSeconds: 0 }));
    await say(bob, roomId, 'three');
    await say(bob, roomId, 'four');
  });

  it('[MSG5] gives roles, and sends the event to everyone else', async () => {
    const { roomId, owner } = await founded(transport);
    const { visitor: bob } = await transport.enter('bob', roomId);
    const { visitor: watcher } = await transport.enter('watcher', roomId);
    const give = async (role: string) =>
      ok(await owner.command('setRole', { roomId, userId: 'bob', role })).member;
    const shown = { userId: 'bob', username: 'bob', online: true };
    const roles = ['viewer', 'member', 'moderator', 'none', 'owner'];
    for (const role of roles) {
      expect(await give(role)).toEqual({ ...shown, role });
      // The same role again changes nothing.
      expect(await give(role)).toEqual({ ...shown, role });
      expect(ok(await bob.join(roomId)).you.role).toBe(role === 'none' ? 'member' : role);
    }
    await barrier(roomId, owner, [bob, watcher]);
    for (const other of [bob, watcher]) {
      expect(other.heard('memberUpdated')).toEqual(
        roles.map((role) => ({
          roomId,
          ...shown,
          role,
          by: 'olga',
        })),
      );
    }
    expect(owner.heard('memberUpdated')).toEqual([]);
    const { memberCount, members } = ok(await owner.command('getMembers', { roomId }));
    expect([memberCount, members.map(({ userId }) => userId)]).toEqual([2, ['bob', 'olga']]);
    // Now both are owners.
    const less = await owner.command('setRole', { roomId, userId: 'bob', role: 'member' });
    expect(refusal(less).code).toBe('forbidden');
  });

  it('[MOD3] stops a viewer from sending, until the role changes', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    ok(await owner.command('setRole', { roomId, userId: 'bob', role: 'viewer' }));
    const sendings: [name: string, more: object][] = [
      ['message', { message: 'hi' }],
      ['addReaction', { seq: 1, emoji: '👍' }],
      ['typing', {}],
    ];
    for (const [name, more] of sendings) {
      const problem = refusal(await bob.command(name, { roomId, ...more }));
      expect(problem, name).toEqual({
        code: 'forbidden',
        message: 'You may only read in this room.',
      });
    }
    expect((await say(owner, roomId, 'you may listen')).seq).toBe((await bob.hears('message')).seq);
    ok(await owner.command('setRole', { roomId, userId: 'bob', role: 'member' }));
    await say(bob, roomId, 'thanks');
  });

  it('[MOD2] refuses roles above the actor’s own, and the removal of the last owner', async () => {
    const roles = { mo: 'moderator', max: 'moderator', bob: 'member' } as const;
    const { roomId, owner, mo, bob } = await founded(transport, roles);
    const tries: [who: typeof bob, userId: string, role: string][] = [
      [bob, 'bob', 'moderator'],
      [bob, 'vera', 'viewer'],
      [mo, 'mo', 'owner'],
      [mo, 'bob', 'owner'],
      [mo, 'max', 'member'],
      [mo, 'olga', 'member'],
      [owner, 'olga', 'moderator'],
      [owner, 'olga', 'none'],
    ];
    for (const [who, userId, role] of tries) {
      const problem = refusal(await who.command('setRole', { roomId, userId, role }));
      expect(problem.code, `${userId} ${role}`).toBe('forbidden');
    }
    const { visitor: ada } = await transport.enter('ada', roomId, {}, { admin: true });
    const last = await ada.command('setRole', { roomId, userId: 'olga', role: 'member' });
    expect(refusal(last)).toEqual({
      code: 'forbidden',
      message: 'The last owner stays; make somebody else owner first.',
    });
    for (const [payload, field] of [
      [{ userId: 'bob' }, 'role'],
      [{ userId: 'bob', role: 'king' }, 'role'],
      [{ role: 'member' }, 'userId'],
    ] as const) {
      const problem = refusal(await owner.command('setRole', { roomId, ...payload }));
      expect(problem).toMatchObject({ code: 'invalid_payload', field });
    }
    // A moderator may appoint another, and one of two owners may be demoted.
    ok(await mo.command('setRole', { roomId, userId: 'bob', role: 'moderator' }));
    ok(await owner.command('setRole', { roomId, userId: 'mo', role: 'owner' }));
    ok(await owner.command('setRole', { roomId, userId: 'olga', role: 'member' }));
    const after = await mo.command('setRole', { roomId, userId: 'mo', role: 'member' });
    expect(refusal(after).message).toContain('The last owner stays');
  });

  it('applies the roles in tokens: that of the exact room, then of the longest prefix', async () => {
    const roomId = newRoom('team-red');
    const { visitor: owner } = await transport.enter('olga', roomId);
    await say(owner, roomId, 'mine');
    const cases: [rooms: object, role: string][] = [
      [{ [roomId]: 'viewer', '*': 'owner', 'team-*': 'owner' }, 'viewer'],
      [{ '*': 'viewer', 'team-*': 'moderator', 'team-red-*': 'owner' }, 'owner'],
      [{ '*': 'viewer', 'team-*': 'moderator' }, 'moderator'],
      [{ '*': 'viewer' }, 'viewer'],
      [{ 'team-': 'viewer', 'Team-*': 'viewer', other: 'viewer', 'te*m-*': 'viewer' }, 'member'],
    ];
    for (const [at, [rooms, role]] of cases.entries()) {
      const { visitor, joined } = await transport.enter('tom', roomId, {}, { rooms });
      expect(joined.you.role, JSON.stringify(rooms)).toBe(role);
      await visitor.close();
      await owner.until('tom to be gone', () => owner.heard('userLeft').length === at + 1);
    }
    // A role in a token takes precedence over the list, where the token names the room.
    ok(await owner.command('setRole', { roomId, userId: 'tom', role: 'moderator' }));
    const { visitor: viewer } = await transport.enter(
      'tom',
      roomId,
      {},
      { rooms: { '*': 'viewer' } },
    );
    const refused = await viewer.command('message', { roomId, message: 'hi' });
    expect(refusal(refused).code).toBe('forbidden');
    expect((await transport.enter('tom', roomId)).joined.you.role).toBe('moderator');
    for (const rooms of [{ a: 'king' }, { a: 'none' }, ['general'], 'general']) {
      const result = await transport
        .visit({ token: await tokenFor('tom', { rooms }) })
        .join(roomId);
      expect(refusal(result).code, JSON.stringify(rooms)).toBe('unauthorized');
    }
    for (const admin of ['true', 1, false]) {
      const { joined } = await transport.enter('tim', roomId, {}, { admin });
      expect(joined.you.role).toBe('member');
    }
  });

  it('allows admins everything, in rooms they never joined', async () => {
    const { roomId, owner } = await founded(transport);
    ok(await owner.command('updateRoom', { roomId, private: true, readOnly: true }));
    const { visitor: ada, joined } = await transport.enter('ada', roomId, {}, { admin: true });
    expect(joined.you.role).toBe('owner');
    await say(ada, roomId, 'inspection');
    ok(await ada.command('setRole', { roomId, userId: 'otto', role: 'owner' }));
    ok(await ada.command('setRole', { roomId, userId: 'olga', role: 'viewer' }));
    ok(await ada.command('deleteMessage', { roomId, seq: 1 }));
    ok(await ada.command('updateRoom', { roomId, private: false, readOnly: false }));
    expect(refusal(await owner.command('message', { roomId, message: 'hey' })).code).toBe(
      'forbidden',
    );
  });

  it('[AUTH9] replaces a token before it expires, and changes the rights with it', async () => {
    const { roomId, owner } = await founded(transport);
    const { visitor: bob } = await transport.enter('bob', roomId, {}, { rooms: { '*': 'viewer' } });
    const exp = inAnHour() + 600;
    const token = await tokenFor('bob', { exp, rooms: { '*': 'moderator' } });
    expect(ok(await bob.command('refreshToken', { token }))).toEqual({
      ok: true,
      expiresAt: exp * 1_000,
    });
    expect(ok(await bob.join(roomId)).you).toMatchObject({
      role: 'moderator',
      expiresAt: exp * 1_000,
    });
    ok(await bob.command('deleteMessage', { roomId, seq: 1 }));
    await barrier(roomId, bob, [owner]);
    expect(owner.heard('userLeft')).toEqual([]);
  });

  it('[MOD6] disconnects a user from a room that the new token does not allow', async () => {
    const { roomId, owner } = await founded(transport);
    ok(await owner.command('updateRoom', { roomId, private: true }));
    const rooms = { [roomId]: 'member' };
    const { visitor: bob } = await transport.enter('bob', roomId, {}, { rooms });
    await say(bob, roomId, 'in');
    // Writing put Bob on the list. Off it again, only his token gives him access.
    ok(await owner.command('setRole', { roomId, userId: 'bob', role: 'none' }));
    ok(await bob.command('refreshToken', { token: await tokenFor('bob') }));
    expect(await floodBans(transport, bob, roomId)).toBe(4503);
    expect((await owner.hears('userLeft')).userId).toBe('bob');
  });

  it('[ADM12] [CLOSE1] disconnects a user who offers five invalid tokens within a minute', async () => {
    const { roomId, owner } = await founded(transport);
    const { visitor: bob } = await transport.enter('bob', roomId);
    const bad: [token: unknown, code: string][] = [
      [await tokenFor('mallory'), 'unauthorized'],
      ['nonsense', 'unauthorized'],
      [await tokenFor('bob', { exp: 1_000 }), 'token_expired'],
      [`${await tokenFor('bob')}x`, 'unauthorized'],
    ];
    for (const [token, code] of bad) {
      expect(refusal(await bob.command('refreshToken', { token })).code).toBe(code);
    }
    await say(bob, roomId, 'still here');
    await owner.hears('message');
    bob.tell('refreshToken', { token: 'nonsense' });
    const end = await bob.ended();
    // Socket.IO has no close code; this reason keeps its client from reconnecting.
    expect(end).toBe(transport.socketHolds === 'one room' ? 4500 : 'io server disconnect');
    expect((await owner.hears('userLeft')).userId).toBe('bob');
  });
});
