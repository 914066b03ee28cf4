import { expect, it } from 'vitest';
import type { Message } from '../../src/protocol/objects.ts';
import { ask } from '../support/http-client.ts';
import {
  forEachTransportAndRelays,
  barrier,
  newRoom,
  type OpenTransport,
} from '../support/for-each-transport.ts';
import { say, seenBy, talk } from '../support/talk.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok, type Visitor } from '../support/visitor.ts';

forEachTransportAndRelays((transport) => {
  it('[SYNC1] returns exactly the 300 missed messages after a lost connection', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    await say(alice, roomId, 'before');
    const { visitor: bob } = await transport.enter('bob', roomId);
    await say(alice, roomId, 'heard live');
    await bob.hears('message');
    const since = bob.position(roomId);
    await bob.drop();

    const missed = await talk(transport, roomId, 300);
    const { visitor: back, joined } = await transport.enter('bob', roomId, { since });
    expect(joined).toMatchObject({ complete: true, missed, messages: [] });
    expect(joined.missed).toHaveLength(300);
    expect(joined.reset).toBeUndefined();
    expect(joined.position).toBe(back.position(roomId));

    const live = await say(alice, roomId, 'live again');
    await back.hears('message', ({ seq }) => seq === live.seq);
    expect(back.heard('message')).toEqual([live]);
  });

  it('[SYNC4] returns the newest messages of the history besides the missed ones', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const said = [];
    for (const text of ['one', 'two', 'three']) said.push(await say(alice, roomId, text));
    const since = alice.position(roomId);
    const fourth = await say(alice, roomId, 'four');
    const positions = [since, alice.position(roomId), `${crypto.randomUUID()}:1`];
    const joins = await Promise.all(
      positions.map((position) => transport.enter('bob', roomId, { since: position, history: 2 })),
    );
    const newest = [said[2], fourth];
    expect(joins.map(({ joined }) => joined.messages)).toEqual([newest, newest, newest]);
    expect(joins.map(({ joined }) => joined.missed ?? [])).toEqual([[fourth], [], []]);
  });

  it('[READ2] returns how far others have read since', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const first = await say(alice, roomId, 'first');
    const second = await say(alice, roomId, 'second');
    const { visitor: bob } = await transport.enter('bob', roomId);
    ok(await bob.command('markRead', { roomId, readUpTo: first.seq }));
    await alice.drop();
    ok(await bob.command('markRead', { roomId, readUpTo: second.seq }));
    await bob.close();

    const { joined } = await transport.enter('alice', roomId);
    const { userId } = joined.you;
    expect(joined.receipts).toHaveLength(1);
    expect(joined.receipts?.[0]).toMatchObject({ readUpTo: second.seq });
    expect(joined.receipts?.[0]?.userId).not.toBe(userId);
  });

  it('[SYNC5] disconnects the old connection of a session, and executes no command stuck in it', async () => {
    const roomId = newRoom();
    const { visitor: bob } = await transport.enter('bob', roomId);
    const { visitor: stranger } = await transport.enter('stranger', roomId, { session: 'mine' });
    const { visitor: stale } = await transport.enter('alice', roomId, { session: 'mine' });
    const { seq } = await say(bob, roomId, 'hello');
    const { visitor: alice } = await transport.enter('alice', roomId, { session: 'mine' });
    const { visitor: phone } = await transport.enter('alice', roomId, { session: 'other' });
    stale.tell('addReaction', { roomId, seq, emoji: '👍' });
    await stale.ended();
    // Alice was online all the time, and no connection of another user or session was closed.
    await barrier(roomId, alice, [bob, phone, stranger]);
    expect(bob.heard('userLeft')).toEqual([]);
    expect(bob.heard('reactionsUpdated')).toEqual([]);
  });

  it('[SYNC2] pages through 2,000 missed messages while others keep sending', async () => {
    const roomId = newRoom();
    const { visitor: stayed } = await transport.enter('stayed', roomId);
    const { visitor: dan } = await transport.enter('dan', roomId);
    const first = await say(dan, roomId, 'first');
    const { visitor: gone } = await transport.enter('gone', roomId);
    const since = gone.position(roomId);
    await gone.drop();
    const missed = await talk(transport, roomId, 2_000);

    const { visitor: back, joined } = await transport.enter('gone', roomId, { since });
    expect(joined.complete).toBe(false);
    expect(joined.missed).toEqual(missed.slice(0, 500));
    const during: Message[] = [];
    const pages = [joined.missed];
    let { complete = true, position } = joined;
    while (!complete) {
      // One message is sent while each page is requested.
      const [said, page] = await Promise.all([
        say(dan, roomId, `during ${pages.length}`),
        back.command('getMissed', { roomId, after: position, limit: 400 }),
      ]);
      during.push(said);
      const { messages, ...rest } = ok(page);
      expect(rest.reset).toBeUndefined();
      pages.push(messages);
      ({ complete, position } = rest);
    }
    during.push(await say(dan, roomId, 'after'));
    const last = during.at(-1)!;
    await Promise.all(
      [back, stayed].map((person) => person.hears('message', ({ seq }) => seq === last.seq)),
    );
    const everything = [first, ...missed, ...during];
    expect(seenBy(stayed)).toEqual(everything);
    expect(seenBy(back)).toEqual(everything.slice(1));
    expect(back.heard('message')).toEqual(during);
    expect(pages.map((page) => page?.length)).toEqual(expect.arrayContaining([500, 400, 400, 400]));
  });

  it('[SYNC1] returns nothing missed for the current position', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    await say(alice, roomId, 'all there is');
    const { joined } = await transport.enter('bob', roomId);
    const { joined: again } = await transport.enter('bob', roomId, { since: joined.position });
    expect(again).toMatchObject({ missed: [], complete: true, position: joined.position });
    expect(again.reset).toBeUndefined();
  });

  it('[ROOM3] resets neither an empty room nor the position 0:0', async () => {
    const roomId = newRoom();
    const { visitor: alice, joined } = await transport.enter('alice', roomId, { since: '0:0' });
    expect(joined).toMatchObject({ missed: [], complete: true, position: `${joined.epoch}:0` });
    expect(joined.reset).toBeUndefined();
    const said = await say(alice, roomId, 'first');
    const { joined: later } = await transport.enter('bob', roomId, { since: '0:0' });
    expect(later).toMatchObject({ missed: [said], complete: true });
    expect(later.reset).toBeUndefined();
  });

  it('[ROOM3] resumes in a room that was empty with its epoch and the highest rev', async () => {
    const roomId = newRoom();
    const { visitor: bob, joined } = await transport.enter('bob', roomId);
    const heard = await talk(transport, roomId, 300);
    await bob.hears('message', ({ seq }) => seq === 300);
    expect(bob.heard('message')).toEqual(heard);
    await bob.drop();
    const missed = await talk(transport, roomId, 3);
    const since = `${joined.epoch}:300`;
    const { joined: back } = await transport.enter('bob', roomId, { since });
    expect(back).toMatchObject({ epoch: joined.epoch, missed, complete: true });
    expect(back.reset).toBeUndefined();
  });

  it('[SYNC3] resets a position of a room that was deleted and reopened', async () => {
    const roomId = newRoom();
    const { joined: first } = await transport.enter('bob', roomId);
    const { visitor: alice } = await transport.enter('alice', roomId);
    await say(alice, roomId, 'first life');
    const headers = { authorization: `Bearer ${await tokenFor('root', { admin: true })}` };
    for (const method of ['DELETE', 'PUT']) {
      const { status } = await ask(transport.host.url, `/rooms/${roomId}`, { method, headers });
      expect(status).toBe(200);
    }
    const { joined } = await transport.enter('bob', roomId, { since: `${first.epoch}:0` });
    expect(joined).toMatchObject({ reset: true, position: `${joined.epoch}:0` });
    expect(joined.epoch).not.toBe(first.epoch);
  });

  it('[SYNC3] resets a position of another epoch or ahead of the room', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const said = [await say(alice, roomId, 'one'), await say(alice, roomId, 'two')];
    const { joined } = await transport.enter('bob', roomId);
    const [epoch] = joined.position.split(':');
    for (const since of ['elsewhere:1', `${epoch}:3`, 'elsewhere:0']) {
      const { visitor, joined: reset } = await transport.enter('bob', roomId, {
        since,
        history: 10,
      });
      expect(reset, since).toMatchObject({
        reset: true,
        messages: said,
        position: joined.position,
      });
      expect(reset.missed, since).toBeUndefined();
      expect(reset.complete, since).toBeUndefined();
      const page = ok(await visitor.command('getMissed', { roomId, after: since }));
      expect(page, since).toMatchObject({ reset: true, messages: [] });
      await visitor.close();
    }
  });

  it('[SYNC3] resets a position of an earlier epoch in a room that is empty now', async () => {
    const { joined } = await transport.enter('alice', newRoom(), { since: 'once-was:12' });
    expect(joined).toMatchObject({ reset: true, position: `${joined.epoch}:0`, messages: [] });
  });

  it('[SYNC1] sends each message once to clients that join while others send', async () => {
    const roomId = newRoom();
    const { visitor: dan } = await transport.enter('dan', roomId);
    const talking = everyOther(dan, roomId, 150);
    const comers: Visitor[] = [];
    for (let at = 0; at < 8; at++) {
      const { visitor, joined } = await transport.enter(`comer ${at}`, roomId, { since: '0:0' });
      expect(joined.complete).toBe(true);
      comers.push(visitor);
    }
    const all = await talking;
    await barrier(roomId, dan, comers);
    for (const comer of comers) {
      expect(seenBy(comer).slice(0, -1)).toEqual(all);
      const { missed = [] } = comer.stream[0]!.payload as { missed?: Message[] };
      expect(missed.length + comer.heard('message').length).toBe(all.length + 1);
    }
  });

  it('[MSG6] stores a message once that is sent again because its reply was lost', async () => {
    const roomId = newRoom();
    const { visitor: bob } = await transport.enter('bob', roomId);
    for (let round = 0; round < 5; round++) {
      const { visitor: alice } = await transport.enter('alice', roomId);
      const payload = { roomId, message: `round ${round}`, id: `round-${round}` };
      alice.tell('message', payload);
      await alice.drop();
      const { visitor: again } = await transport.enter('alice', roomId);
      ok(await again.command('message', payload));
      await again.close();
    }
    const { messages } = ok(await bob.command('getHistory', { roomId }));
    expect(messages.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4].map((at) => `round-${at}`));
    expect(await missedBy(transport, roomId)).toEqual(messages);
    expect(bob.heard('message')).toEqual(messages);
  });
});

/** Sends `count` messages, each once the last is acknowledged. */
async function everyOther(speaker: Visitor, roomId: string, count: number): Promise<Message[]> {
  const said: Message[] = [];
  for (let at = 0; at < count; at++) said.push(await say(speaker, roomId, `line ${at}`));
  return said;
}

async function missedBy(transport: OpenTransport, roomId: string): Promise<Message[] | undefined> {
  const { joined } = await transport.enter('nobody yet', roomId, { since: '0:0' });
  return joined.missed;
}
