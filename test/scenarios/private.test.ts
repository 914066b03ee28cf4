import { expect, it } from 'vitest';
import { founded, overHttp, floodBans } from '../support/rights.ts';
import { forEachTransport, barrier, newRoom } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok, refusal } from '../support/visitor.ts';

const NO_SUCH_ROOM = {
  code: 'room_not_found',
  message: 'There is no such room, or it is not for you.',
};

forEachTransport((transport) => {
  it('[MOD4] opens a private room to its members and to users whose token names it', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'viewer' });
    const { visitor: stranger } = await transport.enter('stranger', roomId);
    const { room } = ok(await owner.command('updateRoom', { roomId, private: true }));
    // A user who is not on the list is disconnected, and gets no `roomUpdated`.
    expect(await floodBans(transport, stranger, roomId)).toBe(4503);
    expect(stranger.heard('roomUpdated')).toEqual([]);
    expect((await owner.hears('userLeft')).userId).toBe('stranger');
    expect(await bob.hears('roomUpdated')).toEqual(room);
    const join = async (userId: string, claims = {}) =>
      transport.visit({ token: await tokenFor(userId, claims) }).join(roomId);
    expect(refusal(await join('stranger'))).toEqual(NO_SUCH_ROOM);
    expect(ok(await join('bob')).you.role).toBe('viewer');
    expect(ok(await join('granted', { rooms: { [roomId]: 'member' } })).you.role).toBe('member');
    expect(ok(await join('ada', { admin: true })).you.role).toBe('owner');
    // Giving a role is the invitation.
    const invited = await owner.command('setRole', { roomId, userId: 'stranger', role: 'member' });
    expect(ok(invited).member).toMatchObject({ userId: 'stranger', role: 'member', online: false });
    ok(await join('stranger'));
    // A user who is taken off the list is disconnected.
    ok(await owner.command('setRole', { roomId, userId: 'bob', role: 'none' }));
    expect(await floodBans(transport, bob, roomId)).toBe(4503);
    expect(refusal(await join('bob'))).toEqual(NO_SUCH_ROOM);
  });

  it('[MOD4] reveals nothing of a private room over HTTP', async () => {
    const { roomId, owner } = await founded(transport);
    ok(await owner.command('updateRoom', { roomId, private: true }));
    const stranger = await overHttp(transport, 'stranger');
    const paths = ['', '/messages', '/messages/1', '/messages/99', '/members', '/audit'];
    const queries = { '/missed': { after: '0:0' }, '/search': { q: 'words' }, '/events': {} };
    for (const path of [...paths, ...Object.keys(queries)]) {
      const query = queries[path as keyof typeof queries] ?? {};
      const { status, body } = await stranger.ask('GET', roomId, path, { query });
      expect([status, body], path).toEqual([404, { error: NO_SUCH_ROOM }]);
    }
    const writes = [
      await stranger.ask('POST', roomId, '/messages', { body: { message: 'hi' } }),
      await stranger.ask('PATCH', roomId, '/messages/1', { body: { message: 'hi' } }),
      await stranger.ask('DELETE', roomId, '/messages/1'),
      await stranger.ask('PUT', roomId, '/messages/1/reactions/x'),
      await stranger.ask('PUT', roomId, '/read', { body: { readUpTo: 1 } }),
      await stranger.ask('PUT', roomId, '/members/stranger', { body: { role: 'owner' } }),
      await stranger.ask('PUT', roomId, '/bans/olga'),
    ];
    for (const { status, body } of writes)
      expect([status, body]).toEqual([404, { error: NO_SUCH_ROOM }]);
  });

  it('[MOD4] answers a banned user of a private room as it answers a stranger', async () => {
    const { roomId, owner } = await founded(transport);
    ok(await owner.command('banMember', { roomId, userId: 'mallory' }));
    ok(await owner.command('updateRoom', { roomId, private: true }));
    const token = await tokenFor('mallory');
    expect(refusal(await transport.visit({ token }).join(roomId))).toEqual(NO_SUCH_ROOM);
  });

  it('[MOD4] refuses a user who has left before the room became private', async () => {
    const { roomId, owner } = await founded(transport);
    const { visitor: stranger } = await transport.enter('stranger', roomId);
    ok(await stranger.command('leaveRoom', { roomId }));
    ok(await owner.command('updateRoom', { roomId, private: true }));
    expect(refusal(await stranger.join(roomId))).toEqual(NO_SUCH_ROOM);
    await barrier(roomId, owner, []);
    expect(stranger.heard('message')).toEqual([]);
  });

  it('[MOD4] keeps a user who wrote before the room became private', async () => {
    const roomId = newRoom();
    const { visitor: owner } = await transport.enter('olga', roomId);
    await say(owner, roomId, 'hello');
    const { visitor: bob } = await transport.enter('bob', roomId);
    await say(bob, roomId, 'hello too');
    ok(await owner.command('updateRoom', { roomId, private: true }));
    const said = await say(bob, roomId, 'still here');
    expect(await owner.hears('message', ({ seq }) => seq === said.seq)).toEqual(said);
  });
});
