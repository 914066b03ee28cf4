import { expect, it } from 'vitest';
import type { Message } from '../../src/protocol/objects.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { barrier, forEachTransportAndRelays, newRoom } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok, refusal, type Visitor } from '../support/visitor.ts';

const TEXT = 'Guten Tag, 你好 😀, שלום. ';

async function begin(who: Visitor, roomId: string, more: object = {}): Promise<Message> {
  const payload = { roomId, message: '', streaming: true, ...more };
  return ok(await who.command('message', payload)).message;
}

/** The text of a message as a client has it from events alone. */
function heardText(who: Visitor, seq: number): string {
  let text = '';
  for (const { name, payload } of who.stream) {
    const told = payload as Message & { offset: number; text: string };
    if (told.seq !== seq) continue;
    if (name === 'message' || name === 'messageUpdated') text = told.message;
    if (name !== 'messageAppended') continue;
    expect(told.offset).toBe(text.length);
    text += told.text;
  }
  return text;
}

forEachTransportAndRelays((transport) => {
  it('shows a message to everyone while its text is being written', async () => {
    const roomId = newRoom();
    const { visitor: bot } = await transport.enter('bot', roomId);
    const { visitor: listener } = await transport.enter('listener', roomId);
    const message = await begin(bot, roomId, { mentions: ['listener'], meta: { model: 'm' } });
    expect(message).toMatchObject({ message: '', streaming: true, meta: { model: 'm' } });
    const { seq } = message;
    expect(await listener.hears('message', (one) => one.seq === seq)).toEqual(message);

    let offset = 0;
    for (const text of [TEXT, TEXT, TEXT]) {
      const reply = ok(await bot.command('appendMessage', { roomId, seq, offset, text }));
      offset += text.length;
      expect(reply).toMatchObject({ seq, length: offset });
    }
    await say(bot, roomId, 'aside');
    const { visitor: late, joined } = await transport.enter('late', roomId, { since: '0:0' });
    const state = joined.missed?.find((one) => one.seq === seq);
    expect(state).toMatchObject({ message: TEXT.repeat(3), streaming: true });
    ok(await bot.command('appendMessage', { roomId, seq, offset, text: 'Ende.' }));
    const finished = ok(await bot.command('finishMessage', { roomId, seq }));
    expect(finished).toMatchObject({ seq, length: offset + 5, status: 'done' });

    for (const who of [listener, late]) {
      const end = await who.hears('messageAppended', ({ status }) => status !== undefined);
      expect(end).toEqual({
        roomId,
        seq,
        rev: finished.rev,
        offset: offset + 5,
        text: '',
        status: 'done',
      });
    }
    expect(heardText(listener, seq)).toBe(`${TEXT.repeat(3)}Ende.`);
    expect(bot.heard('messageAppended')).toEqual([]);
    const { messages } = ok(await late.command('getHistory', { roomId, limit: 10 }));
    const stored = messages.find((one) => one.seq === seq);
    expect(stored).toMatchObject({ message: `${TEXT.repeat(3)}Ende.`, rev: finished.rev });
    expect(stored).not.toHaveProperty('streaming');
    const { results } = ok(await late.command('searchMessages', { roomId, query: 'Ende' }));
    expect(results.map((one) => one.seq)).toEqual([seq]);
  });

  it('continues a message where it stopped when its sender comes back and sends again', async () => {
    const roomId = newRoom();
    const { visitor: listener } = await transport.enter('listener', roomId);
    const whole = TEXT.repeat(12);
    let { visitor: bot } = await transport.enter('bot', roomId);
    const { seq } = await begin(bot, roomId, { id: 'answer' });
    const pieces = Array.from(TEXT.repeat(12).matchAll(/.{1,10}/gu), ([text]) => text);
    let offset = 0;
    for (const [at, text] of pieces.entries()) {
      const append = { roomId, seq, offset, text };
      ok(await bot.command('appendMessage', append));
      offset += text.length;
      if (at % 10 !== 0) continue;
      await bot.drop();
      ({ visitor: bot } = await transport.enter('bot', roomId));
      expect(ok(await bot.command('appendMessage', append)).duplicate).toBe(true);
      expect(await begin(bot, roomId, { id: 'answer' })).toMatchObject({ seq, streaming: true });
    }
    ok(await bot.command('finishMessage', { roomId, seq, status: 'failed' }));
    await listener.hears('messageAppended', ({ status }) => status === 'failed');
    expect(heardText(listener, seq)).toBe(whole);
    const reader = transport.visit({ token: await tokenFor('reader') });
    const { missed } = ok(await reader.join(roomId, { since: '0:0' }));
    expect(missed?.find((one) => one.seq === seq)).toMatchObject({
      message: whole,
      status: 'failed',
    });
  });

  it('asks the sender to stop', async () => {
    const roomId = newRoom();
    const { visitor: bot } = await transport.enter('bot', roomId);
    const { visitor: listener } = await transport.enter('listener', roomId);
    const { seq } = await begin(bot, roomId);
    ok(await listener.command('stopMessage', { roomId, seq }));
    expect(await bot.hears('stopRequested')).toEqual({ roomId, seq, by: 'listener' });
    const reply = ok(await bot.command('appendMessage', { roomId, seq, offset: 0, text: 'well' }));
    expect(reply.stopRequested).toBe(true);
    ok(await bot.command('finishMessage', { roomId, seq, status: 'stopped' }));
    await barrier(roomId, bot, [listener]);
    expect(listener.heard('stopRequested')).toEqual([]);
  });

  it('refuses invalid commands, with one sentence each', async () => {
    const roomId = newRoom();
    const { visitor: bot } = await transport.enter('bot', roomId);
    const { visitor: other } = await transport.enter('other', roomId);
    const { seq } = await begin(bot, roomId, { message: 'abc' });
    const wrong: [Visitor, string, object, string, string?][] = [
      [bot, 'message', { message: '', streaming: false }, 'invalid_payload', 'message'],
      [bot, 'message', { message: 'a', streaming: 1 }, 'invalid_payload', 'streaming'],
      [bot, 'appendMessage', { seq, offset: 3 }, 'invalid_payload', 'text'],
      [bot, 'appendMessage', { seq, text: 'd' }, 'invalid_payload', 'offset'],
      [bot, 'appendMessage', { seq, offset: 4, text: 'd' }, 'conflict'],
      [bot, 'appendMessage', { seq, offset: 1, text: 'x' }, 'conflict'],
      [bot, 'appendMessage', { seq: 999, offset: 0, text: 'x' }, 'message_not_found'],
      [bot, 'finishMessage', { seq, status: 'interrupted' }, 'invalid_payload', 'status'],
      [bot, 'editMessage', { seq, message: 'x' }, 'conflict'],
      [other, 'appendMessage', { seq, offset: 3, text: 'd' }, 'forbidden'],
      [other, 'finishMessage', { seq }, 'forbidden'],
      [other, 'stopMessage', { seq: 999 }, 'message_not_found'],
    ];
    for (const [who, name, payload, code, field] of wrong) {
      const problem = refusal(await who.command(name, { roomId, ...payload }));
      expect([name, payload, problem.code, problem.field]).toEqual([name, payload, code, field]);
      expect(problem.message).toMatch(/^[A-Za-z].*\.$/);
    }
    const beyond = await bot.command('appendMessage', { roomId, seq, offset: 9, text: 'd' });
    expect(refusal(beyond)).toMatchObject({ length: 3 });
  });

  it('streams and follows a message over HTTP as well', async () => {
    const roomId = newRoom();
    const { visitor: listener } = await transport.enter('listener', roomId);
    const http = new HttpVisitor(transport.host.url, await tokenFor('bot'));
    const follower = await http.follow(roomId);
    const begun = await http.ask('POST', roomId, '/messages', {
      body: { message: '', streaming: true },
    });
    expect(begun.status).toBe(201);
    const { seq } = (begun.body as { message: Message }).message;
    const append = (offset: number, text: string) =>
      http.ask('POST', roomId, `/messages/${seq}/append`, { body: { offset, text } });
    expect(await append(0, 'one ')).toMatchObject({ status: 200, body: { length: 4 } });
    expect(await append(0, 'one ')).toMatchObject({ status: 200, body: { duplicate: true } });
    expect(await append(9, 'x')).toMatchObject({ status: 409, body: { error: { length: 4 } } });
    const polled = await http.poll(roomId, '0:0');
    expect(polled.events).toMatchObject([['message', { message: 'one ', streaming: true }]]);
    const next = http.poll(roomId, polled.position);
    await append(4, 'two');
    const { events } = await next;
    // The append is sent over another connection and may be handled before the poll has joined.
    const isLate = events[0]?.[0] === 'messageUpdated';
    const whole = ['messageUpdated', { message: 'one two' }];
    const appended = ['messageAppended', { offset: 4, text: 'two' }];
    expect(events).toMatchObject([isLate ? whole : appended]);

    ok(await listener.command('stopMessage', { roomId, seq }));
    await follower.hears('stopRequested');
    const stop = await http.ask('POST', roomId, `/messages/${seq}/stop`);
    expect(stop).toMatchObject({ status: 200, body: {} });
    const finish = await http.ask('POST', roomId, `/messages/${seq}/finish`, {
      body: { status: 'stopped' },
    });
    expect(finish).toMatchObject({ status: 200, body: { status: 'stopped', length: 7 } });
    const again = await http.ask('POST', roomId, `/messages/${seq}/finish`);
    expect(again).toMatchObject({ status: 200, body: { status: 'stopped' } });
    const end = await follower.hears('messageAppended', ({ status }) => status === 'stopped');
    const told = follower.events.find(({ payload }) => payload === end.payload);
    expect(told?.id?.split(':')[1]).toBe(String(end.payload['rev']));
    await listener.hears('messageAppended', ({ status }) => status === 'stopped');
    expect(heardText(listener, seq)).toBe('one two');
    await follower.close();
  });
});
