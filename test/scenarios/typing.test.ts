import { expect, it } from 'vitest';
import { forEachTransport, barrier, newRoom, within } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { ok, refusal } from '../support/visitor.ts';

forEachTransport((transport) => {
  it('[TYP1] shows others who is typing, at most once in 3 s', async () => {
    const { roomId, alice, bob, clock } = await within(3_000, async (start) => {
      const room = newRoom();
      const { visitor: clock } = await transport.enter('clock', room);
      const { visitor: alice } = await transport.enter('alice', room);
      const { visitor: bob } = await transport.enter('bob', room);
      start();
      bob.tell('typing', { roomId: room, username: 'someone else' });
      ok(await bob.command('typing', { roomId: room, isTyping: true }));
      await barrier(room, bob, [alice]);
      return { roomId: room, alice, bob, clock };
    });
    expect(alice.heard('typing')).toEqual([
      { roomId, userId: 'bob', username: 'bob', isTyping: true },
    ]);
    expect(bob.heard('typing')).toEqual([]);

    // The leave of a dropped user is reported after 5 s; by then typing is sent again.
    await clock.drop();
    await alice.hears('userLeft');
    ok(await bob.command('typing', { roomId }));
    await alice.until('a second notice', () => alice.heard('typing').length === 2);
  });

  it('[TYP1] reports the end of typing if its beginning was reported', async () => {
    const alice = await within(5_000, async (start) => {
      const roomId = newRoom();
      const { visitor } = await transport.enter('alice', roomId);
      const { visitor: bob } = await transport.enter('bob', roomId);
      ok(await bob.command('typing', { roomId, isTyping: false }));
      start();
      ok(await bob.command('typing', { roomId }));
      ok(await bob.command('typing', { roomId, isTyping: false }));
      ok(await bob.command('typing', { roomId, isTyping: false }));
      await barrier(roomId, bob, [visitor]);
      return visitor;
    });
    expect(alice.heard('typing').map(({ isTyping }) => isTyping)).toEqual([true, false]);
  });

  it('[TYP1] ends typing with the message', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const { visitor: bob } = await transport.enter('bob', roomId);
    ok(await bob.command('typing', { roomId }));
    await say(bob, roomId, 'done');
    ok(await bob.command('typing', { roomId, isTyping: false }));
    await barrier(roomId, bob, [alice]);
    expect(alice.heard('typing').map(({ isTyping }) => isTyping)).toEqual([true]);
  });

  it('stores nothing about typing', async () => {
    const roomId = newRoom();
    const { visitor: bob } = await transport.enter('bob', roomId);
    ok(await bob.command('typing', { roomId }));
    const { joined } = await transport.enter('alice', roomId, { history: 100, since: '0:0' });
    expect(joined).toMatchObject({ position: `${joined.epoch}:0`, messages: [], missed: [] });
    expect(joined.room).toMatchObject({ createdAt: 0, memberCount: 0 });
  });

  it('says that isTyping must be true or false', async () => {
    const roomId = newRoom();
    const { visitor: bob } = await transport.enter('bob', roomId);
    expect(refusal(await bob.command('typing', { roomId, isTyping: 'yes' }))).toEqual({
      code: 'invalid_payload',
      message: 'isTyping must be true or false.',
      field: 'isTyping',
    });
  });
});
