import { expect, it } from 'vitest';
import { overHttp } from '../support/rights.ts';
import { forEachTransportAndRelays, barrier, newRoom } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { ok, refusal } from '../support/visitor.ts';

forEachTransportAndRelays((transport) => {
  it('allows two users to exchange messages', async () => {
    const roomId = newRoom();
    const { visitor: alice, joined } = await transport.enter('alice', roomId);
    expect(joined).toEqual({
      ok: true,
      epoch: joined.epoch,
      position: `${joined.epoch}:0`,
      room: {
        roomId,
        createdAt: 0,
        private: false,
        readOnly: false,
        slowModeSeconds: 0,
        memberCount: 0,
        horizon: 0,
      },
      you: {
        userId: 'alice',
        username: 'alice',
        role: 'member',
        readUpTo: 0,
        unread: 0,
        unreadMentions: 0,
        expiresAt: expect.any(Number),
      },
      online: [{ userId: 'alice', username: 'alice' }],
      onlineCount: 1,
      presence: 'users',
      messages: [],
    });
    const { visitor: bob } = await transport.enter('bob', roomId);
    expect(await alice.hears('userJoined')).toEqual({
      roomId,
      userId: 'bob',
      username: 'bob',
      timestamp: expect.any(Number),
    });

    const before = Date.now();
    const reply = ok(await bob.command('message', { roomId, message: 'hello', sender: 'bob' }));
    const heard = await alice.hears('message');
    expect(heard).toEqual({
      roomId,
      message: 'hello',
      sender: 'bob',
      senderId: 'bob',
      seq: 1,
      rev: 1,
      id: expect.stringMatching(/^[\w-]{1,64}$/),
      timestamp: expect.any(Number),
    });
    expect(Math.abs(heard.timestamp - before)).toBeLessThan(30_000);
    expect(reply).toEqual({ ok: true, message: heard });

    await barrier(roomId, alice, [bob]);
    expect(bob.heard('message').map(({ message }) => message)).toEqual(['barrier']);
    expect(alice.heard('message')).toEqual([heard]);
  });

  it('[MSG5] sends the event to the other devices of the sender, and not to the sending one', async () => {
    const roomId = newRoom();
    const { visitor: phone } = await transport.enter('alice', roomId);
    const { visitor: laptop } = await transport.enter('alice', roomId);
    ok(await phone.command('message', { roomId, message: 'from the phone' }));
    await laptop.hears('message');
    await barrier(roomId, laptop, [phone]);
    expect(phone.heard('message').map(({ message }) => message)).toEqual(['barrier']);
    expect(laptop.heard('message').map(({ message }) => message)).toEqual(['from the phone']);
  });

  it('[MSG6] keeps the first message when an id is sent twice', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const { visitor: phone } = await transport.enter('alice', roomId);
    const { visitor: bob } = await transport.enter('bob', roomId);
    const first = ok(await alice.command('message', { roomId, message: 'once', id: 'a-1' }));
    const again = ok(await alice.command('message', { roomId, message: 'twice', id: 'a-1' }));
    const elsewhere = ok(await phone.command('message', { roomId, message: 'once', id: 'a-1' }));
    expect(again).toEqual({ ok: true, message: first.message, duplicate: true });
    expect(elsewhere).toEqual(again);

    const others = ok(await bob.command('message', { roomId, message: 'mine', id: 'a-1' }));
    expect(others.duplicate).toBeUndefined();
    expect(others.message.seq).toBe(2);
    await barrier(roomId, alice, [bob, phone]);
    expect(bob.heard('message').map(({ message }) => message)).toEqual(['once', 'barrier']);
    const { messages } = ok(await bob.command('getHistory', { roomId }));
    expect(messages.map(({ message }) => message)).toEqual(['once', 'mine', 'barrier']);
  });

  it('[MSG1] refuses a message without visible text, and accepts any other', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const http = await overHttp(transport, 'alice');
    for (const message of [' ', '\n\n', '\u0000', '\u200B', '\u3164', '\u2800', '\uFE0F']) {
      const problem = {
        code: 'invalid_payload',
        message: 'message must have something to read.',
        field: 'message',
      };
      expect(refusal(await alice.command('message', { roomId, message }))).toEqual(problem);
      const answered = await http.ask('POST', roomId, '/messages', { body: { message } });
      expect([answered.status, answered.body]).toEqual([400, { error: problem }]);
    }
    for (const message of ['.', '\u2764', '\u2801\u2800', ' \u0301', '\u{1F468}\u200D\u{1F467}']) {
      expect((await say(alice, roomId, message)).message).toBe(message);
    }
  });

  it('[WIRE1] accepts commands without a ref, and reports only errors', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const { visitor: bob } = await transport.enter('bob', roomId);
    alice.tell('message', { roomId, message: 'no reply wanted' });
    await bob.hears('message', ({ message }) => message === 'no reply wanted');
    alice.tell('message', { roomId, message: 7, id: 'seven' });
    expect(await alice.hears('error')).toEqual({
      code: 'invalid_payload',
      message: 'message must be a string.',
      field: 'message',
      command: 'message',
      roomId,
      id: 'seven',
    });
    alice.tell('dance', { roomId });
    const unknown = await alice.hears('error', ({ code }) => code === 'unknown_command');
    expect(unknown).toMatchObject({ command: 'dance', roomId });
    await barrier(roomId, alice, [bob]);
    expect(bob.heard('error')).toEqual([]);
  });

  it('[EVT1] orders messages by seq, the same for everyone', async () => {
    const roomId = newRoom();
    const people = await Promise.all(
      ['ann', 'ben', 'cleo', 'dan'].map(
        async (name) => (await transport.enter(name, roomId)).visitor,
      ),
    );
    const [watcher] = people;
    const texts = Array.from({ length: 25 }, (_, at) => `line ${at}`);
    const sent = await Promise.all(
      people
        .slice(1)
        .flatMap((person) =>
          texts.map(async (message) => ok(await person.command('message', { roomId, message }))),
        ),
    );
    const count = sent.length;
    await watcher?.until('all of it', () => watcher.heard('message').length === count);
    const order = watcher?.heard('message') ?? [];
    expect(order.map(({ seq }) => seq)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
    const times = order.map(({ timestamp }) => timestamp);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    for (const person of people.slice(1)) {
      await person.until('the rest', () => person.heard('message').length === (count * 2) / 3);
      // Own messages by reply and the others' by event, together in one order without gaps.
      const heard = person.stream.flatMap(({ kind, name, payload }) =>
        name !== 'message'
          ? []
          : [kind === 'reply' ? (payload as { message: unknown }).message : payload],
      );
      expect(heard).toEqual(order);
    }
    const senders = Map.groupBy(order, ({ senderId }) => senderId);
    for (const own of senders.values()) expect(own.map(({ message }) => message)).toEqual(texts);
  });

  it('refuses commands of a user who has left', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const { visitor: bob } = await transport.enter('bob', roomId);
    ok(await bob.command('leaveRoom', { roomId, username: 'bob' }));
    expect((await alice.hears('userLeft')).reason).toBe('left');
    for (const name of [
      'message',
      'typing',
      'getHistory',
      'getMissed',
      'getMembers',
      'leaveRoom',
    ]) {
      const payload = { roomId, message: 'am I still here?', after: '0:0' };
      // The `after` of `getHistory` is a seq, so a position would not fit.
      const fitting = name === 'getHistory' || name === 'getMembers' ? { roomId } : payload;
      expect(refusal(await bob.command(name, fitting)).code, name).toBe('not_joined');
    }
    await barrier(roomId, alice, []);
    const back = ok(await bob.join(roomId, { history: 1 }));
    expect(back.messages.map(({ message }) => message)).toEqual(['barrier']);
    expect(bob.heard('message')).toEqual([]);
    expect(alice.heard('message')).toEqual([]);
    await alice.until('bob twice', () => alice.heard('userJoined').length === 2);
  });

  it('answers a second join with the current state, and sends no event', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const { visitor: bob } = await transport.enter('bob', roomId);
    await alice.hears('userJoined');
    ok(await alice.command('message', { roomId, message: 'one' }));
    const again = ok(await bob.join(roomId, { history: 10 }));
    expect(again.messages.map(({ message }) => message)).toEqual(['one']);
    expect(again.onlineCount).toBe(2);
    await barrier(roomId, bob, [alice]);
    expect(alice.heard('userJoined')).toHaveLength(1);
    expect(alice.heard('userLeft')).toEqual([]);
  });
});
