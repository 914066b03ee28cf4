import { expect, it } from 'vitest';
import type { Member, Role } from '../../src/protocol/objects.ts';
import { forEachTransport, newRoom } from '../support/for-each-transport.ts';
import { say, talk } from '../support/talk.ts';
import { ok, refusal } from '../support/visitor.ts';

const KIB = 1_024;

forEachTransport((transport) => {
  it('[HIST1] pages through history in both directions, oldest first', async () => {
    const roomId = newRoom();
    const all = await talk(transport, roomId, 170);
    const { visitor: alice } = await transport.enter('alice', roomId);
    const page = async (payload: object) => {
      const { messages, hasMore } = ok(await alice.command('getHistory', { roomId, ...payload }));
      return { seqs: messages.map(({ seq }) => seq), messages, hasMore };
    };

    const newest = await page({});
    expect(newest).toEqual({ seqs: seqs(121, 170), messages: all.slice(120), hasMore: true });
    expect(await page({ before: 121, limit: 100 })).toMatchObject({
      seqs: seqs(21, 120),
      hasMore: true,
    });
    expect(await page({ before: 21, limit: 20 })).toMatchObject({
      seqs: seqs(1, 20),
      hasMore: false,
    });
    expect(await page({ before: 1 })).toMatchObject({ seqs: [], hasMore: false });
    expect(await page({ after: 0, limit: 3 })).toMatchObject({ seqs: [1, 2, 3], hasMore: true });
    expect(await page({ after: 168, limit: 2 })).toMatchObject({
      seqs: [169, 170],
      hasMore: false,
    });
    expect(await page({ after: 170 })).toMatchObject({ seqs: [], hasMore: false });
    expect(await page({ around: 80, limit: 5 })).toMatchObject({
      seqs: seqs(78, 82),
      hasMore: true,
    });
    expect(await page({ around: 1, limit: 4 })).toMatchObject({ seqs: seqs(1, 4), hasMore: true });
    expect(await page({ around: 170, limit: 4 })).toMatchObject({
      seqs: [168, 169, 170],
      hasMore: true,
    });
    const { joined } = await transport.enter('bob', roomId, { history: 100 });
    expect(joined.messages).toEqual(all.slice(70));
  });

  it('[HIST1] ends a page at 256 KiB of JSON, and continues after it', async () => {
    const roomId = newRoom();
    // Three bytes a character, since pages are bounded in bytes, not characters.
    const all = await talk(transport, roomId, 60, () => '語'.repeat(2_700));
    const { visitor: alice, joined } = await transport.enter('alice', roomId, {
      since: '0:0',
      history: 100,
    });
    expect(joined.complete).toBe(false);

    const read: unknown[] = [];
    const sizes: number[] = [];
    let after = 0;
    let hasMore = true;
    while (hasMore) {
      const page = ok(await alice.command('getHistory', { roomId, after, limit: 100 }));
      read.push(...page.messages);
      sizes.push(Buffer.byteLength(JSON.stringify(page.messages)));
      ({ hasMore } = page);
      after = page.messages.at(-1)!.seq;
    }
    expect(read).toEqual(all);
    for (const size of [...sizes, ...[joined.missed, joined.messages].map(sizeOf)]) {
      expect(size).toBeLessThanOrEqual(256 * KIB + 100);
    }
    expect(sizes[0]).toBeGreaterThan(240 * KIB);

    const missed = [...(joined.missed ?? [])];
    let { position, complete = true } = joined;
    while (!complete) {
      const page = ok(await alice.command('getMissed', { roomId, after: position }));
      missed.push(...page.messages);
      ({ position, complete } = page);
    }
    expect(missed).toEqual(all);
  });

  it('[HIST1] lists members, and users online, by pages', async () => {
    const roomId = newRoom();
    const { visitor: owner } = await transport.enter('a-owner', roomId);
    await say(owner, roomId, 'mine');
    for (const name of ['b', 'c', 'd', 'e']) {
      const { visitor } = await transport.enter(name, roomId);
      await say(visitor, roomId, 'me too');
      if (name !== 'e') await visitor.close();
    }
    await transport.enter('z-listens', roomId);
    for (const name of ['b', 'c', 'd']) {
      await owner.hears('userLeft', ({ userId }) => userId === name);
    }
    const first = ok(await owner.command('getMembers', { roomId, limit: 2 }));
    expect(first).toEqual({
      ok: true,
      members: [listed('a-owner', true, 'owner'), listed('b', false)],
      memberCount: 5,
      onlineCount: 3,
      hasMore: true,
    });
    const rest = ok(await owner.command('getMembers', { roomId, after: 'b' }));
    expect(rest).toMatchObject({
      members: [listed('c', false), listed('d', false), listed('e', true)],
      hasMore: false,
    });
    const here = ok(await owner.command('getMembers', { roomId, online: true, after: 'a-owner' }));
    expect(here.members).toEqual([listed('e', true), listed('z-listens', true, 'none')]);
  });

  it('[MEM1] finds users by the beginning of a word of their name, or of their user id', async () => {
    const roomId = newRoom();
    const { visitor: owner } = await transport.enter('a-owner', roomId);
    await say(owner, roomId, 'my room');
    for (const name of ['José Pérez', 'Perez-Smith', 'Ann Lee', '李雷', 'lee']) {
      const { visitor } = await transport.enter(name, roomId);
      await say(visitor, roomId, 'me too');
    }
    await transport.enter('Lena, who only reads', roomId);
    const found = async (payload: object) => {
      const { members, hasMore } = ok(await owner.command('getMembers', { roomId, ...payload }));
      return { names: members.map(({ username }) => username).toSorted(), hasMore };
    };

    expect(await found({ prefix: 'PEREZ' })).toEqual({
      names: ['José Pérez', 'Perez-Smith'],
      hasMore: false,
    });
    expect(await found({ prefix: 'jose p' })).toMatchObject({ names: ['José Pérez'] });
    expect(await found({ prefix: 'ann l' })).toMatchObject({ names: ['Ann Lee'] });
    expect(await found({ prefix: 'le' })).toMatchObject({ names: ['Ann Lee', 'lee'] });
    expect(await found({ prefix: 'le', limit: 1 })).toMatchObject({ hasMore: true });
    expect(await found({ prefix: 'le', online: true })).toMatchObject({
      names: ['Ann Lee', 'Lena, who only reads', 'lee'],
    });
    expect(await found({ prefix: '李' })).toMatchObject({ names: ['李雷'] });
    expect(await found({ prefix: 'ee' })).toEqual({ names: [], hasMore: false });
  });

  it('says which field of a page request is invalid', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const cases: [name: string, payload: object, field: string][] = [
      ['getHistory', { before: 0 }, 'before'],
      ['getHistory', { before: 5, after: 2 }, 'before'],
      ['getHistory', { around: '3' }, 'around'],
      ['getHistory', { limit: 101 }, 'limit'],
      ['getHistory', { limit: 0 }, 'limit'],
      ['getHistory', { after: 1.5 }, 'after'],
      ['getMissed', {}, 'after'],
      ['getMissed', { after: 12 }, 'after'],
      ['getMissed', { after: 'nonsense' }, 'after'],
      ['getMissed', { after: '0:0', limit: 501 }, 'limit'],
      ['getMembers', { limit: 101 }, 'limit'],
      ['getMembers', { online: 'yes' }, 'online'],
      ['getMembers', { after: '' }, 'after'],
      ['getMembers', { prefix: '' }, 'prefix'],
      ['getMembers', { prefix: 'a', after: 'b' }, 'after'],
    ];
    for (const [name, payload, field] of cases) {
      const problem = refusal(await alice.command(name, { roomId, ...payload }));
      expect(problem, `${name} ${JSON.stringify(payload)}`).toMatchObject({
        code: 'invalid_payload',
        field,
      });
      expect(problem.message.startsWith(`${field} `)).toBe(true);
    }
  });
});

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function seqs(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

function listed(userId: string, online: boolean, role = 'member'): Member {
  return { userId, username: userId, role: role as Role, online };
}
