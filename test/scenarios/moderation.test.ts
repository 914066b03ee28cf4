import { setTimeout as pass } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Member } from '../../src/protocol/objects.ts';
import { founded, overHttp, floodBans } from '../support/rights.ts';
import { forEachTransportAndRelays, barrier, newRoom } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok, refusal } from '../support/visitor.ts';

const ACTS = ['kickMember', 'banMember', 'unbanMember', 'muteMember', 'unmuteMember'] as const;

function member(userId: string, more: Partial<Member> = {}): Member {
  return { userId, username: userId, role: 'member', online: true, ...more };
}

forEachTransportAndRelays((transport) => {
  it('[MOD6] disconnects a kicked user on all devices, who may come back later', async () => {
    const { roomId, owner, mo } = await founded(transport, { mo: 'moderator' });
    const { visitor: bob } = await transport.enter('bob', roomId);
    const { visitor: phone } = await transport.enter('bob', roomId);
    await say(bob, roomId, 'noise');
    const kick = { roomId, userId: 'bob', seconds: 2, note: 'calm down' };
    const before = Date.now();
    expect(ok(await mo.command('kickMember', kick))).toEqual({
      ok: true,
      member: member('bob', { online: false }),
    });
    expect([
      await floodBans(transport, bob, roomId),
      await floodBans(transport, phone, roomId),
    ]).toEqual([4501, 4501]);
    for (const other of [owner, mo]) {
      expect(await other.hears('userLeft')).toEqual({
        roomId,
        userId: 'bob',
        username: 'bob',
        reason: 'kicked',
        timestamp: expect.any(Number),
      });
    }
    const token = await tokenFor('bob');
    let result = await transport.visit({ token }).join(roomId);
    if (Date.now() - before < 1_500) {
      expect(refusal(result)).toMatchObject({ code: 'forbidden' });
      expect(refusal(result).retryAfterMs).toBeLessThanOrEqual(2_000);
    }
    while (!result.ok) {
      await pass(refusal(result).retryAfterMs);
      result = await transport.visit({ token }).join(roomId);
    }
    expect(Date.now() - before).toBeGreaterThanOrEqual(1_900);
    expect(result.you.role).toBe('member');
    await barrier(roomId, mo, [owner]);
    for (const other of [owner, mo]) {
      expect(other.heard('userLeft')).toHaveLength(1);
      expect(other.heard('memberUpdated').filter(({ userId }) => userId === 'bob')).toEqual([]);
    }
  });

  it('[MOD6] bans permanently: every command is refused, and no event arrives', async () => {
    const { roomId, owner, mo } = await founded(transport, { mo: 'moderator' });
    const { visitor: bob } = await transport.enter('bob', roomId);
    await say(bob, roomId, 'rude');
    const ban = { roomId, userId: 'bob', note: 'rude' };
    // The message is sent at the same time: it comes before the ban and reaches Bob, or after it.
    const [banned, late] = await Promise.all([
      mo.command('banMember', ban),
      owner.command('message', { roomId, message: 'not for bob' }),
    ]);
    const shown = member('bob', { online: false, banned: true });
    expect(ok(banned)).toEqual({ ok: true, member: shown });
    expect(await floodBans(transport, bob, roomId)).toBe(4502);
    expect(await owner.hears('memberUpdated', ({ userId }) => userId === 'bob')).toEqual({
      roomId,
      ...shown,
      by: 'mo',
    });
    expect((await owner.hears('userLeft')).reason).toBe('banned');
    expect(bob.heard('memberUpdated')).toEqual([]);
    expect(bob.heard('message').length).toBeLessThanOrEqual(1);
    expect(ok(late).message.seq).toBe(3);
    // The same ban again changes nothing.
    expect(ok(await mo.command('banMember', ban)).member).toEqual(shown);

    const token = await tokenFor('bob');
    expect(refusal(await transport.visit({ token }).join(roomId))).toEqual({
      code: 'banned',
      message: 'You are banned from this room.',
    });
    const http = await overHttp(transport, 'bob');
    const sent = await http.ask('POST', roomId, '/messages', { body: { message: 'hi' } });
    expect([sent.status, sent.body]).toMatchObject([403, { error: { code: 'banned' } }]);

    const back = member('bob', { online: false });
    expect(ok(await owner.command('unbanMember', ban)).member).toEqual(back);
    expect(ok(await owner.command('unbanMember', ban)).member).toEqual(back);
    expect(await mo.hears('memberUpdated', ({ by }) => by === 'olga')).toMatchObject(back);
    ok(await transport.visit({ token }).join(roomId));
    const { visitor: watcher } = await transport.enter('watcher', roomId);
    await barrier(roomId, mo, [owner, watcher]);
    const told = owner.heard('memberUpdated').filter(({ userId }) => userId === 'bob');
    expect(told).toHaveLength(1);
  });

  it('bans and mutes users before their first visit', async () => {
    const { roomId, owner } = await founded(transport);
    const early = member('early', { role: 'none', online: false, banned: true });
    const { member: banned } = ok(await owner.command('banMember', { roomId, userId: 'early' }));
    expect(banned).toEqual(early);
    const token = await tokenFor('early');
    expect(refusal(await transport.visit({ token }).join(roomId)).code).toBe('banned');
    ok(await owner.command('muteMember', { roomId, userId: 'loud', seconds: 600 }));
    const { visitor: loud, joined } = await transport.enter('loud', roomId);
    expect(joined.you).toMatchObject({ role: 'member', mutedUntil: expect.any(Number) });
    const sent = await loud.command('message', { roomId, message: 'HI' });
    expect(refusal(sent).code).toBe('muted');
    const kicked = await owner.command('kickMember', { roomId, userId: 'unheard of' });
    expect(refusal(kicked).code).toBe('member_not_found');
    // A ban or a mute puts nobody on the list.
    expect(ok(await owner.command('getMembers', { roomId })).memberCount).toBe(1);
  });

  it('[MOD3] mutes until the mute expires, for every command that writes', async () => {
    const { roomId, owner, mo, bob } = await founded(transport, { mo: 'moderator', bob: 'member' });
    const { seq } = await say(bob, roomId, 'blah');
    const before = Date.now();
    const mute = { roomId, userId: 'bob', seconds: 3, note: 'a break' };
    const { member: muted } = ok(await mo.command('muteMember', mute));
    const { mutedUntil } = muted;
    expect(muted).toEqual(member('bob', { mutedUntil: expect.any(Number) as number }));
    expect(mutedUntil! - before).toBeGreaterThan(2_900);
    expect(await bob.hears('memberUpdated', ({ userId }) => userId === 'bob')).toEqual({
      roomId,
      ...muted,
      by: 'mo',
    });
    const sendings: [name: string, more: object][] = [
      ['message', { message: 'still here' }],
      ['editMessage', { seq, message: 'blah blah' }],
      ['addReaction', { seq, emoji: '👍' }],
      ['removeReaction', { seq, emoji: '👍' }],
      ['typing', {}],
    ];
    const results = await Promise.all(
      sendings.map(([name, more]) => bob.command(name, { roomId, ...more })),
    );
    for (const result of results) {
      // A command may succeed only where a slow machine took longer than the mute lasts.
      if (!result.ok) expect(result.error.code).toBe('muted');
      else expect(Date.now()).toBeGreaterThanOrEqual(mutedUntil!);
    }
    const tries = async () => bob.command('message', { roomId, message: 'better now' });
    let result = await tries();
    while (!result.ok) {
      expect(result.error.code).toBe('muted');
      expect(result.error.retryAfterMs).toBeLessThanOrEqual(3_000);
      await pass(result.error.retryAfterMs);
      result = await tries();
    }
    expect(result.message.timestamp).toBeGreaterThanOrEqual(mutedUntil!);
    const { members } = ok(await owner.command('getMembers', { roomId }));
    expect(members.find(({ userId }) => userId === 'bob')).toEqual(member('bob'));
  });

  it('[ROOM5] ends a mute early, and keeps earlier messages', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const first = ok(await bob.command('message', { roomId, message: 'once', id: 'b-1' }));
    ok(await owner.command('muteMember', { roomId, userId: 'bob' }));
    // The same message again, as after a lost reply: it is stored already.
    const again = await bob.command('message', { roomId, message: 'once', id: 'b-1' });
    expect(ok(again)).toEqual({ ...first, duplicate: true });
    expect(refusal(await bob.command('message', { roomId, message: 'new' })).code).toBe('muted');
    expect(ok(await bob.join(roomId)).you.mutedUntil).toBeGreaterThan(Date.now() + 500_000);
    const { member: unmuted } = ok(await owner.command('unmuteMember', { roomId, userId: 'bob' }));
    expect(unmuted).toEqual(member('bob'));
    expect(ok(await bob.join(roomId)).you).not.toHaveProperty('mutedUntil');
    await say(bob, roomId, 'thanks');
    ok(await owner.command('unmuteMember', { roomId, userId: 'bob' }));
    await barrier(roomId, owner, [bob]);
    const told = bob.heard('memberUpdated').map(({ mutedUntil }) => mutedUntil !== undefined);
    expect(told.slice(-2)).toEqual([true, false]);
  });

  it('[MOD1] [MOD2] refuses acts of users who are not moderators, or not above their target', async () => {
    const roles = { mo: 'moderator', max: 'moderator', bob: 'member', vera: 'viewer' } as const;
    const { roomId, owner, mo, bob, vera } = await founded(transport, roles);
    ok(await owner.command('setRole', { roomId, userId: 'otto', role: 'owner' }));
    const tries: [who: typeof bob, targets: string[]][] = [
      [bob, ['vera', 'max', 'olga', 'bob', 'nobody']],
      [vera, ['bob']],
      [mo, ['max', 'olga', 'mo']],
      [owner, ['olga', 'otto']],
    ];
    const { visitor: watcher } = await transport.enter('watcher', roomId);
    for (const [who, targets] of tries) {
      for (const userId of targets) {
        for (const act of ACTS) {
          const problem = refusal(await who.command(act, { roomId, userId }));
          expect(problem.code, `${act} ${userId}`).toBe('forbidden');
        }
      }
    }
    await barrier(roomId, owner, [watcher]);
    expect(watcher.heard('memberUpdated')).toEqual([]);
    expect(watcher.heard('userLeft')).toEqual([]);
  });

  it('[MOD2] allows admins to act on owners, and refuses acts on admins', async () => {
    const { roomId, owner } = await founded(transport);
    const { visitor: ada, joined } = await transport.enter('ada', roomId, {}, { admin: true });
    expect(joined.you.role).toBe('owner');
    for (const act of ['kickMember', 'banMember', 'muteMember'] as const) {
      expect(refusal(await owner.command(act, { roomId, userId: 'ada' })).code).toBe('forbidden');
    }
    ok(await ada.command('muteMember', { roomId, userId: 'olga' }));
    expect(refusal(await owner.command('message', { roomId, message: 'hey' })).code).toBe('muted');
    ok(await ada.command('banMember', { roomId, userId: 'olga' }));
    expect(await floodBans(transport, owner, roomId)).toBe(4502);
    // A ban has no effect on an admin.
    const { visitor: other } = await transport.enter('other', roomId, {}, { admin: true });
    await ada.close();
    await other.hears('userLeft');
    ok(await other.command('banMember', { roomId, userId: 'ada' }));
    const { visitor: back } = await transport.enter('ada', roomId, {}, { admin: true });
    await say(back, roomId, 'still here');
  });

  it('says which field of an act is invalid', async () => {
    const { roomId, owner } = await founded(transport, { bob: 'member' });
    const cases: [act: string, payload: object, field: string][] = [
      ...ACTS.map((act): [string, object, string] => [act, {}, 'userId']),
      ...ACTS.map((act): [string, object, string] => [act, { userId: '..' }, 'userId']),
      ['kickMember', { userId: 'x'.repeat(129) }, 'userId'],
      ['kickMember', { userId: 7 }, 'userId'],
      ['kickMember', { userId: 'bob', seconds: 0 }, 'seconds'],
      ['muteMember', { userId: 'bob', seconds: 1.5 }, 'seconds'],
      ['muteMember', { userId: 'bob', seconds: 1e12 }, 'seconds'],
      ['banMember', { userId: 'bob', note: 'two\nlines' }, 'note'],
    ];
    for (const [act, payload, field] of cases) {
      const problem = refusal(await owner.command(act, { roomId, ...payload }));
      expect(problem, `${act} ${JSON.stringify(payload).slice(0, 80)}`).toMatchObject({
        code: 'invalid_payload',
        field,
      });
    }
  });

  it('[MOD7] keeps every act in the audit list, which moderators read over HTTP', async () => {
    const { roomId, owner, mo, bob } = await founded(transport, { mo: 'moderator', bob: 'member' });
    const { seq } = await say(bob, roomId, 'oops');
    const about = { roomId, userId: 'bob' };
    ok(await mo.command('muteMember', { ...about, seconds: 60, note: 'quiet' }));
    ok(await mo.command('unmuteMember', about));
    ok(await owner.command('setRole', { ...about, role: 'viewer' }));
    ok(await owner.command('updateRoom', { roomId, topic: 'News', slowModeSeconds: 5 }));
    ok(await mo.command('deleteMessage', { roomId, seq, note: 'typo' }));
    ok(await owner.command('banMember', about));
    ok(await owner.command('unbanMember', { ...about, note: 'sorry' }));
    ok(await mo.command('kickMember', { ...about, seconds: 1 }));
    const http = await overHttp(transport, 'mo');
    const { status, body } = await http.ask('GET', roomId, '/audit');
    expect(status).toBe(200);
    const { acts, hasMore } = body as { acts: object[]; hasMore: boolean };
    const act = (by: string, name: string, more: object) => ({
      id: expect.any(Number) as number,
      timestamp: expect.any(Number) as number,
      by,
      act: name,
      ...more,
    });
    const userId = 'bob';
    // Bob is not online when he is kicked, but as a viewer he is on the list.
    expect([acts, hasMore]).toEqual([
      [
        act('mo', 'kickMember', { userId, change: { seconds: 1 } }),
        act('olga', 'unbanMember', { userId, note: 'sorry' }),
        act('olga', 'banMember', { userId }),
        act('mo', 'deleteMessage', { userId, seq, note: 'typo' }),
        act('olga', 'updateRoom', { change: { topic: 'News', slowModeSeconds: 5 } }),
        act('olga', 'setRole', { userId, change: { role: 'viewer' } }),
        act('mo', 'unmuteMember', { userId }),
        act('mo', 'muteMember', { userId, note: 'quiet', change: { seconds: 60 } }),
        act('olga', 'setRole', { userId, change: { role: 'member' } }),
        act('olga', 'setRole', { userId: 'mo', change: { role: 'moderator' } }),
      ],
      false,
    ]);
    const stranger = await overHttp(transport, 'carl');
    expect((await stranger.ask('GET', roomId, '/audit')).status).toBe(403);
  });

  it('allows moderation in a room that sleeps', async () => {
    const roomId = newRoom();
    const { visitor: owner } = await transport.enter('olga', roomId);
    await say(owner, roomId, 'mine');
    await owner.close();
    const http = await overHttp(transport, 'olga');
    expect((await http.ask('PUT', roomId, '/bans/bob')).status).toBe(200);
    const token = await tokenFor('bob');
    expect(refusal(await transport.visit({ token }).join(roomId)).code).toBe('banned');
  });
});
