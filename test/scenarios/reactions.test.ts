import { expect, it } from 'vitest';
import { founded, overHttp } from '../support/rights.ts';
import { forEachTransport, barrier } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { ok, refusal } from '../support/visitor.ts';

forEachTransport((transport) => {
  it('[MSG5] counts reactions, and sends each event to everyone else', async () => {
    const { roomId, owner, bob, cleo } = await founded(transport, {
      bob: 'member',
      cleo: 'member',
    });
    const { visitor: phone } = await transport.enter('bob', roomId);
    const thumb = { roomId, seq: 1, emoji: '👍' };
    const first = ok(await bob.command('addReaction', thumb));
    expect(first).toEqual({
      ok: true,
      message: {
        roomId,
        seq: 1,
        rev: 2,
        id: expect.any(String),
        senderId: 'olga',
        sender: 'olga',
        message: 'the first words',
        timestamp: expect.any(Number),
        reactions: { '👍': 1 },
      },
      myReactions: ['👍'],
    });
    const second = ok(await cleo.command('addReaction', thumb));
    expect(second.message).toEqual({ ...first.message, rev: 3, reactions: { '👍': 2 } });
    const heart = ok(await bob.command('addReaction', { ...thumb, emoji: '❤️' }));
    expect(heart.message.reactions).toEqual({ '👍': 2, '❤️': 1 });
    expect(heart.myReactions.toSorted()).toEqual(['❤️', '👍'].toSorted());
    const less = ok(await bob.command('removeReaction', thumb));
    expect(less.message.reactions).toEqual({ '👍': 1, '❤️': 1 });
    expect(less.myReactions).toEqual(['❤️']);
    const none = ok(await bob.command('removeReaction', { ...thumb, emoji: '❤️' }));
    expect([none.message.reactions, none.myReactions]).toEqual([{ '👍': 1 }, []]);
    const last = ok(await cleo.command('removeReaction', thumb));
    expect(last.message).not.toHaveProperty('reactions');

    await barrier(roomId, owner, [bob, cleo, phone]);
    await barrier(roomId, phone, [owner]);
    const told = (rev: number, by: string, emoji: string, added: boolean, reactions: object) => ({
      roomId,
      seq: 1,
      rev,
      reactions,
      by,
      emoji,
      added,
    });
    const all = [
      told(2, 'bob', '👍', true, { '👍': 1 }),
      told(3, 'cleo', '👍', true, { '👍': 2 }),
      told(4, 'bob', '❤️', true, { '👍': 2, '❤️': 1 }),
      told(5, 'bob', '👍', false, { '👍': 1, '❤️': 1 }),
      told(6, 'bob', '❤️', false, { '👍': 1 }),
      told(7, 'cleo', '👍', false, {}),
    ];
    for (const other of [owner, phone]) expect(other.heard('reactionsUpdated')).toEqual(all);
    expect(bob.heard('reactionsUpdated')).toEqual(all.filter(({ by }) => by !== 'bob'));
    expect(cleo.heard('reactionsUpdated')).toEqual(all.filter(({ by }) => by !== 'cleo'));
  });

  it('[REACT1] counts reactions that look the same as one kind', async () => {
    const { roomId, owner, bob, cleo } = await founded(transport, {
      bob: 'member',
      cleo: 'member',
    });
    const [heart, thumb] = ['\u2764\uFE0F', '\u{1F44D}'];
    const react = async (who: typeof bob, name: string, emoji: string) =>
      ok(await who.command(name as 'addReaction', { roomId, seq: 1, emoji }));
    await react(bob, 'addReaction', '\u2764');
    await react(cleo, 'addReaction', heart);
    await react(bob, 'addReaction', `${thumb}\uFE0F`);
    await react(cleo, 'addReaction', 'e\u0301');
    const { message, myReactions } = await react(owner, 'addReaction', '\u00E9');
    expect(message.reactions).toEqual({ [heart]: 2, [thumb]: 1, '\u00E9': 2 });
    expect(myReactions).toEqual(['\u00E9']);
    const http = await overHttp(transport, 'olga');
    const path = (emoji: string) => `/messages/1/reactions/${encodeURIComponent(emoji)}`;
    const put = await http.ask('PUT', roomId, path('\u2764'));
    expect(put.body).toMatchObject({ message: { reactions: { [heart]: 3 } } });
    const taken = await http.ask('DELETE', roomId, path(`${heart}\uFE0E`));
    expect(taken.body).toMatchObject({ message: { reactions: { [heart]: 2 } } });
    // A user has a reaction once, in whichever form it is written.
    const { rev } = (await react(bob, 'addReaction', heart)).message;
    expect((await react(bob, 'removeReaction', '\u2764')).message).toMatchObject({
      rev: rev + 1,
      reactions: { [heart]: 1 },
    });
    await owner.hears('reactionsUpdated', (event) => event.rev === rev + 1);
    const heard = owner.heard('reactionsUpdated').map(({ emoji }) => emoji);
    expect(heard).toEqual([heart, heart, thumb, '\u00E9', heart, heart, heart]);
  });

  it('[REACT3] takes no rev for adding a reaction twice, or removing a missing one', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const thumb = { roomId, seq: 1, emoji: '👍' };
    const first = ok(await bob.command('addReaction', thumb));
    expect(ok(await bob.command('addReaction', thumb))).toEqual(first);
    const other = ok(await bob.command('removeReaction', { ...thumb, emoji: '👎' }));
    expect(other).toEqual(first);
    // A user cannot remove the reaction of another.
    const seen = ok(await owner.command('removeReaction', thumb));
    expect(seen).toEqual({ ...first, myReactions: [] });
    expect((await say(bob, roomId, 'next')).rev).toBe(first.message.rev + 1);
    await owner.hears('message');
    expect(owner.heard('reactionsUpdated')).toHaveLength(1);
  });

  it('[REACT2] returns with messages the own reactions of the user who asks', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    await say(owner, roomId, 'nobody reacts to this');
    const thumb = { roomId, seq: 1, emoji: '👍' };
    ok(await owner.command('addReaction', thumb));
    ok(await bob.command('addReaction', { ...thumb, emoji: 'b' }));
    ok(await bob.command('addReaction', { ...thumb, emoji: 'a' }));
    const mine = { '1': ['a', 'b'] };
    const { visitor: again } = await transport.enter('bob', roomId);
    expect(ok(await again.join(roomId, { history: 2 })).myReactions).toEqual(mine);
    expect(ok(await again.join(roomId, { since: '0:0' })).myReactions).toEqual(mine);
    expect(ok(await bob.command('getMissed', { roomId, after: '0:0' })).myReactions).toEqual(mine);
    expect(ok(await bob.command('getHistory', { roomId })).myReactions).toEqual(mine);
    expect(ok(await bob.command('getHistory', { roomId, after: 1 }))).not.toHaveProperty(
      'myReactions',
    );
    const { visitor: cleo } = await transport.enter('cleo', roomId);
    expect(ok(await cleo.command('getHistory', { roomId }))).not.toHaveProperty('myReactions');
  });

  it('[HIST1] lists by pages who reacted, in order of emoji and user', async () => {
    const people = ['ann', 'ben', 'cleo'];
    const { roomId, owner } = await founded(transport);
    for (const name of people) {
      const { visitor } = await transport.enter(name, roomId, {}, { name: `Mx ${name}` });
      for (const emoji of ['b', 'a'])
        ok(await visitor.command('addReaction', { roomId, seq: 1, emoji }));
    }
    const all = ['a', 'b'].flatMap((emoji) =>
      people.map((userId) => ({ emoji, userId, username: `Mx ${userId}` })),
    );
    const list = { roomId, seq: 1 };
    expect(ok(await owner.command('getReactions', list))).toEqual({
      ok: true,
      reactions: all,
      hasMore: false,
    });
    const read: unknown[] = [];
    let after: string | undefined;
    for (let hasMore = true; hasMore;) {
      const page = ok(
        await owner.command('getReactions', { ...list, limit: 2, ...(after && { after }) }),
      );
      read.push(...page.reactions);
      ({ hasMore } = page);
      const last = page.reactions.at(-1)!;
      after = `${last.emoji} ${last.userId}`;
    }
    expect(read).toEqual(all);
    expect(ok(await owner.command('getReactions', { ...list, after: 'b cleo' })).reactions).toEqual(
      [],
    );
  });

  it('[REACT3] accepts twenty kinds and no more', async () => {
    const { roomId, bob, owner } = await founded(transport, { bob: 'member' });
    const kinds = [
      'toString',
      'valueOf',
      'hasOwnProperty',
      '1',
      '👩‍👩‍👧',
      '🏳️‍🌈',
      "';--",
      'x'.repeat(64),
      ...Array.from({ length: 12 }, (_, at) => `:kind-${at}:`),
    ];
    for (const emoji of kinds) {
      const { message } = ok(await bob.command('addReaction', { roomId, seq: 1, emoji }));
      expect(message.reactions?.[emoji], emoji).toBe(1);
    }
    const full = await bob.command('addReaction', { roomId, seq: 1, emoji: '👍' });
    expect(refusal(full)).toMatchObject({ code: 'invalid_payload', field: 'emoji' });
    const { message } = ok(
      await owner.command('addReaction', { roomId, seq: 1, emoji: 'toString' }),
    );
    expect(message.reactions).toEqual({
      ...Object.fromEntries(kinds.map((emoji) => [emoji, 1])),
      toString: 2,
    });
    for (const emoji of kinds) {
      ok(await bob.command('removeReaction', { roomId, seq: 1, emoji }));
    }
    const { messages } = ok(await bob.command('getHistory', { roomId }));
    expect(messages[0]!.reactions).toEqual({ toString: 1 });
  });

  it('says why a reaction is invalid', async () => {
    const { roomId, owner } = await founded(transport);
    const cases: [payload: object, code: string, field?: string][] = [
      [{ seq: 1 }, 'invalid_payload', 'emoji'],
      [{ seq: 1, emoji: '' }, 'invalid_payload', 'emoji'],
      [{ seq: 1, emoji: 7 }, 'invalid_payload', 'emoji'],
      [{ seq: 1, emoji: '👍 👍' }, 'invalid_payload', 'emoji'],
      [{ seq: 1, emoji: '\n' }, 'invalid_payload', 'emoji'],
      [{ seq: 1, emoji: '語'.repeat(22) }, 'invalid_payload', 'emoji'],
      [{ seq: 1, emoji: '__proto__' }, 'invalid_payload', 'emoji'],
      ...['\uFE0F', '\u200D', '\u3164', '\u2800'].map((emoji): [object, string, string] => [
        { seq: 1, emoji },
        'invalid_payload',
        'emoji',
      ]),
      [{ seq: 0, emoji: '👍' }, 'invalid_payload', 'seq'],
      [{ seq: 2, emoji: '👍' }, 'message_not_found'],
    ];
    for (const name of ['addReaction', 'removeReaction']) {
      for (const [payload, code, field] of cases) {
        const problem = refusal(await owner.command(name, { roomId, ...payload }));
        const about = `${name} ${JSON.stringify(payload)}`;
        expect([problem.code, problem.field], about).toEqual([code, field]);
      }
    }
    const lists: [payload: object, code: string, field?: string][] = [
      [{}, 'invalid_payload', 'seq'],
      [{ seq: 9 }, 'message_not_found'],
      [{ seq: 1, limit: 101 }, 'invalid_payload', 'limit'],
      [{ seq: 1, after: 'nospace' }, 'invalid_payload', 'after'],
    ];
    for (const [payload, code, field] of lists) {
      const problem = refusal(await owner.command('getReactions', { roomId, ...payload }));
      expect([problem.code, problem.field], JSON.stringify(payload)).toEqual([code, field]);
    }
    expect((await say(owner, roomId, 'next')).rev).toBe(2);
  });

  it('[MOD3] refuses reactions of users who may not send', async () => {
    const { roomId, owner, bob, vera } = await founded(transport, {
      bob: 'member',
      vera: 'viewer',
    });
    const thumb = { roomId, seq: 1, emoji: '👍' };
    ok(await bob.command('addReaction', thumb));
    const codes = async (who: typeof bob) => [
      refusal(await who.command('addReaction', { ...thumb, emoji: '👎' })).code,
      refusal(await who.command('removeReaction', thumb)).code,
    ];
    expect(await codes(vera)).toEqual(['forbidden', 'forbidden']);
    ok(await owner.command('muteMember', { roomId, userId: 'bob' }));
    expect(await codes(bob)).toEqual(['muted', 'muted']);
    ok(await owner.command('unmuteMember', { roomId, userId: 'bob' }));
    ok(await owner.command('updateRoom', { roomId, readOnly: true }));
    expect(await codes(bob)).toEqual(['forbidden', 'forbidden']);
    ok(await owner.command('addReaction', thumb));
    expect(ok(await vera.command('getReactions', { roomId, seq: 1 })).reactions).toHaveLength(2);
  });

  it('[ROOM4] [READ3] puts a user who reacts on the list', async () => {
    const { roomId, owner } = await founded(transport);
    const { visitor: bob } = await transport.enter('bob', roomId);
    expect(ok(await owner.command('getMembers', { roomId })).memberCount).toBe(1);
    ok(await bob.command('addReaction', { roomId, seq: 1, emoji: '👍' }));
    const { members, memberCount } = ok(await owner.command('getMembers', { roomId }));
    expect(memberCount).toBe(2);
    expect(members[0]).toEqual({ userId: 'bob', username: 'bob', role: 'member', online: true });
  });
});
