import { expect, it } from 'vitest';
import { founded } from '../support/rights.ts';
import { forEachTransportAndRelays, barrier, newRoom } from '../support/for-each-transport.ts';
import { say, talk } from '../support/talk.ts';
import { ok, refusal } from '../support/visitor.ts';

forEachTransportAndRelays((transport) => {
  it('[READ2] sends read positions to everyone else and to the other devices of the user', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const { visitor: phone } = await transport.enter('bob', roomId);
    for (const text of ['two', 'three', 'four']) await say(owner, roomId, text);
    expect(ok(await bob.command('markRead', { roomId, readUpTo: 3 }))).toEqual({
      ok: true,
      readUpTo: 3,
      unread: 1,
      unreadMentions: 0,
    });
    const receipt = { roomId, receipts: [{ userId: 'bob', readUpTo: 3 }] };
    expect(await owner.hears('readReceipts')).toEqual(receipt);
    expect(await phone.hears('readReceipts')).toEqual(receipt);
    // A read position only grows: a lower one changes nothing, and causes no event.
    expect(ok(await phone.command('markRead', { roomId, readUpTo: 2 }))).toMatchObject({
      readUpTo: 3,
      unread: 1,
    });
    expect(ok(await bob.command('markRead', { roomId, readUpTo: 3 }))).toMatchObject({
      readUpTo: 3,
    });
    // A read position ends at the newest message.
    const all = ok(await phone.command('markRead', { roomId, readUpTo: 1_000_000 }));
    expect(all).toMatchObject({ readUpTo: 4, unread: 0 });
    await bob.hears('readReceipts');
    const told = [{ userId: 'bob', readUpTo: 4 }];
    expect(bob.heard('readReceipts')).toEqual([{ roomId, receipts: told }]);
    await owner.until('both', () => owner.heard('readReceipts').length === 2);
    expect(owner.heard('readReceipts')).toEqual([receipt, { roomId, receipts: told }]);
    expect((await say(owner, roomId, 'five')).rev).toBe(5);
  });

  it('[READ2] collects the read positions of several users for a second', async () => {
    const people = { ann: 'member', ben: 'member', cleo: 'member' } as const;
    const { roomId, owner, ...others } = await founded(transport, people);
    for (let at = 2; at <= 5; at++) await say(owner, roomId, `line ${at}`);
    await Promise.all(
      Object.values(others).flatMap((reader) =>
        [2, 5, 3].map((readUpTo) => reader.command('markRead', { roomId, readUpTo })),
      ),
    );
    const latest = () => {
      const receipts = owner.heard('readReceipts').flatMap((event) => event.receipts);
      return new Map(receipts.map(({ userId, readUpTo }) => [userId, readUpTo]));
    };
    await owner.until('all three', () => Object.keys(others).every((id) => latest().get(id) === 5));
    const revs = owner.heard('readReceipts').flatMap(({ receipts }) => receipts);
    for (const userId of Object.keys(others)) {
      const own = revs.filter((receipt) => receipt.userId === userId);
      const positions = own.map(({ readUpTo }) => readUpTo);
      expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => a - b));
    }
  });

  it('counts the unread messages and mentions of a user who comes back', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const { visitor: cleo } = await transport.enter('cleo', roomId);
    await say(bob, roomId, 'own words are read');
    ok(await bob.command('markRead', { roomId, readUpTo: 2 }));
    const mention = async (text: string) =>
      ok(await cleo.command('message', { roomId, message: text, mentions: ['bob', 'olga'] }))
        .message.seq;
    const first = await mention('bob and olga!');
    const second = await mention('bob and olga again!');
    await say(owner, roomId, 'plain');
    await say(bob, roomId, 'mine again');
    const you = async () => {
      const { unread, unreadMentions, readUpTo } = ok(await bob.join(roomId)).you;
      return [readUpTo, unread, unreadMentions];
    };
    expect(await you()).toEqual([2, 3, 2]);
    // A deleted message does not count as unread.
    ok(await cleo.command('deleteMessage', { roomId, seq: second }));
    expect(await you()).toEqual([2, 2, 1]);
    ok(await bob.command('markRead', { roomId, readUpTo: first }));
    expect(await you()).toEqual([first, 1, 0]);
    // A read position never decreases.
    const back = { ok: true, readUpTo: first, unread: 1, unreadMentions: 0 };
    expect(await bob.command('markRead', { roomId, readUpTo: 0 })).toEqual(back);
    expect(await you()).toEqual([first, 1, 0]);
    const { joined } = await transport.enter('newcomer', roomId);
    expect(joined.you).toMatchObject({ readUpTo: 7, unread: 0, unreadMentions: 0 });
  });

  it('[READ4] counts up to 100', async () => {
    const roomId = newRoom();
    const { visitor: reader } = await transport.enter('reader', roomId);
    await say(reader, roomId, 'first');
    ok(await reader.command('markRead', { roomId, readUpTo: 1 }));
    await talk(transport, roomId, 99);
    const { visitor: owner } = await transport.enter('someone', roomId);
    expect(ok(await reader.join(roomId)).you.unread).toBe(99);
    for (let at = 0; at < 5; at++) await say(owner, roomId, 'more');
    const { joined } = await transport.enter('reader', roomId);
    expect(joined.you).toMatchObject({ readUpTo: 1, unread: 100, unreadMentions: 0 });
  });

  it('says why a read position is invalid, and allows muted users to have one', async () => {
    const { roomId, owner, bob, vera } = await founded(transport, {
      bob: 'member',
      vera: 'viewer',
    });
    for (const readUpTo of [-1, 1.5, '1', null, undefined]) {
      const problem = refusal(await bob.command('markRead', { roomId, readUpTo }));
      expect(problem).toMatchObject({ code: 'invalid_payload', field: 'readUpTo' });
    }
    const { seq } = await say(owner, roomId, 'news');
    ok(await owner.command('muteMember', { roomId, userId: 'bob' }));
    for (const reader of [bob, vera]) {
      expect(ok(await reader.command('markRead', { roomId, readUpTo: seq })).readUpTo).toBe(seq);
    }
  });

  it('[ROOM2] stores no read position in a room without messages', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    expect(ok(await alice.command('markRead', { roomId, readUpTo: 5 }))).toEqual({
      ok: true,
      readUpTo: 0,
      unread: 0,
      unreadMentions: 0,
    });
    expect(ok(await alice.join(roomId))).toMatchObject({
      room: { createdAt: 0, memberCount: 0 },
    });
    const { visitor: bob } = await transport.enter('bob', roomId);
    await barrier(roomId, bob, [alice]);
    expect(ok(await bob.join(roomId)).you.role).toBe('owner');
  });
});
