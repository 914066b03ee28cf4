import { expect, it } from 'vitest';
import { barrier, forEachTransport } from '../support/for-each-transport.ts';
import { founded, overHttp } from '../support/rights.ts';
import { say } from '../support/talk.ts';
import { ok, refusal } from '../support/visitor.ts';

forEachTransport((transport) => {
  it('[PIN1] [PIN2] [PIN3] shows pins to everyone in the room, also after coming back', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const { seq } = await say(bob, roomId, 'an answer');
    ok(await owner.command('pinMessage', { roomId, seq: 1 }));
    expect(await bob.hears('pinsUpdated')).toEqual({ roomId, pins: [1], by: 'olga' });
    const since = bob.position(roomId);
    await bob.drop();

    expect(ok(await owner.command('pinMessage', { roomId, seq })).pins).toEqual([seq, 1]);
    const { visitor: back, joined } = await transport.enter('bob', roomId, { since });
    expect(joined.room.pins).toEqual([seq, 1]);
    const { messages, hasMore } = ok(await back.command('getPins', { roomId }));
    expect([messages.map(({ message }) => message), hasMore]).toEqual([
      ['an answer', 'the first words'],
      false,
    ]);
    expect(refusal(await back.command('unpinMessage', { roomId, seq })).code).toBe('forbidden');

    ok(await back.command('deleteMessage', { roomId, seq }));
    for (const one of [owner, back]) {
      expect(await one.hears('pinsUpdated', ({ by }) => by === undefined)).toEqual({
        roomId,
        pins: [1],
      });
    }
    ok(await owner.command('unpinMessage', { roomId, seq: 1 }));
    await barrier(roomId, owner, [back]);
    expect(back.heard('pinsUpdated').at(-1)).toEqual({ roomId, pins: [], by: 'olga' });
    expect(owner.heard('pinsUpdated')).toHaveLength(1);
  });

  it('[HIST2] returns the page that begins at a time', async () => {
    const { roomId, owner } = await founded(transport);
    const { timestamp } = await say(owner, roomId, 'later');
    const page = ok(await owner.command('getHistory', { roomId, at: timestamp + 1 }));
    expect(page).toMatchObject({ messages: [], hasMore: false });
    const all = ok(await owner.command('getHistory', { roomId, at: 0, limit: 1 }));
    expect(all).toMatchObject({ messages: [{ seq: 1 }], hasMore: true });
    const both = { roomId, at: 0, before: 1 };
    expect(refusal(await owner.command('getHistory', both)).field).toBe('before');
  });

  it('[PIN1] has routes over HTTP, which send events to sockets', async () => {
    const { roomId, owner } = await founded(transport);
    const http = await overHttp(transport, 'olga');
    expect(await http.ask('PUT', roomId, '/pins/1')).toMatchObject({
      status: 200,
      body: { pins: [1] },
    });
    expect(await owner.hears('pinsUpdated')).toEqual({ roomId, pins: [1], by: 'olga' });
    const page = { body: { messages: [{ seq: 1 }], hasMore: false } };
    expect(await http.ask('GET', roomId, '/pins')).toMatchObject(page);
    expect(await http.ask('GET', roomId, '/messages', { query: { at: 0 } })).toMatchObject(page);
    const guest = await overHttp(transport, 'mia');
    expect(await guest.ask('PUT', roomId, '/pins/1')).toMatchObject({ status: 403 });
    expect(await http.ask('PUT', roomId, '/pins/9')).toMatchObject({ status: 404 });
    expect(await http.ask('DELETE', roomId, '/pins/1')).toMatchObject({ body: { pins: [] } });
  });

  it('[PIN2] shows the pins of a private room to its members alone', async () => {
    const { roomId, owner } = await founded(transport);
    ok(await owner.command('updateRoom', { roomId, private: true }));
    ok(await owner.command('pinMessage', { roomId, seq: 1 }));
    const mia = await overHttp(transport, 'mia');
    for (const path of ['/pins', '', '/messages']) {
      expect(await mia.ask('GET', roomId, path)).toMatchObject({
        status: 404,
        body: { error: { code: 'room_not_found' } },
      });
    }
  });
});
