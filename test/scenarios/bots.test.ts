import { expect, it } from 'vitest';
import type { Message } from '../../src/protocol/objects.ts';
import { overHttp } from '../support/rights.ts';
import { forEachTransport, newRoom } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok } from '../support/visitor.ts';

forEachTransport((transport) => {
  it('[AUTH11] shows bots as such in presence, messages, lists and pages', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const { visitor: bot, joined } = await transport.enter('helper', roomId, {}, { bot: true });
    const who = { userId: 'helper', username: 'helper', bot: true };
    expect(joined.you).toMatchObject(who);
    expect(joined.online).toContainEqual(who);
    expect(await alice.hears('userJoined')).toMatchObject(who);
    const { message } = ok(await bot.command('message', { roomId, message: 'hi' }));
    expect(message.bot).toBe(true);
    expect(await alice.hears('message')).toEqual(message);
    const edited = ok(
      await bot.command('editMessage', { roomId, seq: message.seq, message: 'ho' }),
    );
    expect(edited.message).toMatchObject({ bot: true, message: 'ho' });
    const { messages } = ok(await alice.command('getHistory', { roomId }));
    expect(messages).toEqual([edited.message]);
    const { members } = ok(await alice.command('getMembers', { roomId }));
    expect(members).toMatchObject([{ ...who, online: true }]);
    const mine = await say(alice, roomId, 'I am none');
    expect(mine.bot).toBeUndefined();
  });

  it('[AUTH11] accepts only `true` as the mark of a bot, and keeps the mark of sent messages', async () => {
    const roomId = newRoom();
    for (const bot of [null, false, 'true', 1]) {
      const http = await overHttp(transport, 'carl', { bot });
      const { body } = await http.ask('POST', roomId, '/messages', { body: { message: 'hi' } });
      expect((body as { message: Message }).message.bot).toBeUndefined();
    }
    const { visitor: carl } = await transport.enter('carl', roomId, {}, { bot: true });
    const { visitor: alice } = await transport.enter('alice', roomId);
    await say(carl, roomId, 'as a bot');
    const token = await tokenFor('carl');
    ok(await carl.command('refreshToken', { token }));
    const updated = await alice.hears('memberUpdated', ({ userId }) => userId === 'carl');
    expect(updated.bot).toBeUndefined();
    const { messages } = ok(await alice.command('getHistory', { roomId }));
    expect(messages.map(({ bot }) => bot)).toEqual([...Array<undefined>(4), true]);
    const { members } = ok(await alice.command('getMembers', { roomId }));
    expect(members.find(({ userId }) => userId === 'carl')?.bot).toBeUndefined();
  });
});
