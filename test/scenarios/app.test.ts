import { expect, it } from 'vitest';
import type { EventName } from '../../src/protocol/events.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { barrier, forEachTransport, newRoom } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok, refusal, type Visitor } from '../support/visitor.ts';

const QUESTION = { question: 'Where shall we eat?', options: ['東京', 'תל אביב'] };

async function hears(who: Visitor, name: string): Promise<unknown> {
  return who.hears(name as EventName);
}

forEachTransport(
  (transport) => {
    const enter = async (userId: string, roomId: string) =>
      (await transport.enter(userId, roomId)).visitor;
    const http = async (userId: string, claims = {}) =>
      new HttpVisitor(transport.host.url, await tokenFor(userId, claims));

    async function poll(roomId: string, author: Visitor) {
      const { message } = ok(
        await author.command('message', { roomId, kind: 'poll', data: QUESTION }),
      );
      return message;
    }

    it('[APP1] stores messages of a kind, with the text that is made from their data', async () => {
      const roomId = newRoom();
      const alice = await enter('alice', roomId);
      const bob = await enter('bob', roomId);
      const message = await poll(roomId, alice);
      const text = `${QUESTION.question}\n東京\nתל אביב`;
      expect(message).toMatchObject({ kind: 'poll', data: QUESTION, message: text });
      expect(await bob.hears('message')).toEqual(message);
      const { messages } = ok(await bob.command('getHistory', { roomId }));
      expect(messages).toEqual([message]);
      const { results } = ok(await bob.command('searchMessages', { roomId, query: '東京' }));
      expect(results).toMatchObject([{ seq: message.seq, kind: 'poll', data: QUESTION }]);

      const data = { ...QUESTION, options: ['Bonn', 'Rom'] };
      const { seq } = message;
      const edited = ok(await alice.command('editMessage', { roomId, seq, data }));
      expect(edited.message).toMatchObject({ data, message: `${QUESTION.question}\nBonn\nRom` });
      const after = ok(await bob.command('searchMessages', { roomId, query: '東京' }));
      expect(after.results).toEqual([]);
      const deleted = ok(await alice.command('deleteMessage', { roomId, seq }));
      expect(deleted.message.kind ?? deleted.message.data).toBeUndefined();
    });

    it('[APP1] refuses kinds that are not declared, and invalid data', async () => {
      const roomId = newRoom();
      const alice = await enter('alice', roomId);
      const send = async (payload: object) =>
        refusal(await alice.command('message', { roomId, message: 'x', ...payload }));
      expect(await send({ kind: 'nothing' })).toMatchObject({ field: 'kind' });
      expect(await send({ data: {} })).toMatchObject({ field: 'data' });
      expect(await send({ kind: 'poll', data: { ...QUESTION, options: [] } })).toMatchObject({
        code: 'invalid_payload',
        field: 'data.options',
      });
      const options = Array.from({ length: 10 }, () => 'x'.repeat(100));
      ok(await alice.command('message', { roomId, kind: 'poll', data: { ...QUESTION, options } }));
    });

    it('[APP2] runs each command in a transaction, and updates a message for everyone', async () => {
      const roomId = newRoom();
      const alice = await enter('alice', roomId);
      const bob = await enter('bob', roomId);
      const { seq } = await poll(roomId, alice);
      const vote = async (who: Visitor, option: number) =>
        who.command('vote', { roomId, seq, option });
      expect(ok(await vote(bob, 0))).toMatchObject({ votes: [1, 0] });
      const told = await alice.hears('messageUpdated');
      expect(told).toMatchObject({ change: 'updated', by: 'bob', data: { votes: [1, 0] } });
      expect(told.editedAt).toBeUndefined();
      expect(ok(await vote(bob, 1))).toMatchObject({ votes: [0, 1] });
      const carol = await http('carol');
      const voted = await carol.ask('POST', roomId, '/commands/vote', {
        body: { data: { seq, option: 1 } },
      });
      expect(voted).toMatchObject({ status: 200, body: { votes: [0, 2] } });
      expect(refusal(await vote(bob, 2))).toMatchObject({
        code: 'refused',
        message: 'This poll has no such option.',
      });
      expect(refusal(await alice.command('vote', { roomId, seq }))).toMatchObject({
        code: 'invalid_payload',
        field: 'option',
      });
      // A refusal undoes what the command stored before it, in the place of Bob's vote.
      expect(refusal(await bob.command('point', { roomId, seq, to: 'nobody' })).code).toBe(
        'refused',
      );
      expect(ok(await vote(bob, 0))).toMatchObject({ votes: [1, 1] });
      ok(await alice.command('closePoll', { roomId, seq }));
      expect(refusal(await vote(bob, 1)).message).toBe('This poll is closed.');
      expect(refusal(await alice.command('elect', { roomId })).code).toBe('unknown_command');
      const unknown = await carol.ask('POST', roomId, '/commands/elect', { body: {} });
      expect(unknown).toMatchObject({ status: 400, body: { error: { code: 'unknown_command' } } });
    });

    it('[APP3] exports, imports and erases what users have stored', async () => {
      const roomId = newRoom();
      const alice = await enter('alice', roomId);
      const { seq } = await poll(roomId, alice);
      for (const userId of ['bob', 'carol']) {
        const { body } = await (
          await http(userId)
        ).ask('POST', roomId, '/commands/vote', { body: { data: { seq, option: 1 } } });
        expect(body).toMatchObject({ votes: [0, expect.any(Number)] });
      }
      const admin = await http('root', { admin: true });
      const copyId = newRoom('copy');
      const url = (id: string, path: string) =>
        `${transport.host.url}/rooms/${encodeURIComponent(id)}${path}`;
      const authorization = `Bearer ${await tokenFor('root', { admin: true })}`;
      const exported = await fetch(url(roomId, '/export'), { headers: { authorization } });
      const lines = await exported.text();
      expect(lines).toContain('"type":"value"');
      const imported = await fetch(url(copyId, '/import'), {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/x-ndjson' },
        body: lines,
      });
      expect(await imported.json()).toMatchObject({ done: true });
      // Bob's vote came with the import, so that voting again replaces it.
      const bob = await http('bob');
      const again = await bob.ask('POST', copyId, '/commands/vote', {
        body: { data: { seq, option: 0 } },
      });
      expect(again.body).toMatchObject({ votes: [1, 1] });

      let done = false;
      while (!done) {
        const { body } = await admin.ask('DELETE', roomId, '/users/bob');
        ({ done } = body as { done: boolean });
      }
      const { message } = (await admin.ask('GET', roomId, `/messages/${seq}`)).body as {
        message: object;
      };
      expect(message).toMatchObject({ data: { ...QUESTION, votes: [0, 1] } });
      const left = await (
        await fetch(url(roomId, '/export'), { headers: { authorization } })
      ).text();
      expect(left).not.toContain('"bob"');
      expect(left).toContain('"carol"');
    });

    it('[APP4] passes on declared signals whose payload fits their schema', async () => {
      const roomId = newRoom();
      const alice = await enter('alice', roomId);
      const bob = await enter('bob', roomId);
      ok(await alice.command('cursor', { roomId, x: 1, y: 2, z: 3 }));
      expect(await hears(bob, 'cursor')).toMatchObject({ roomId, x: 1, y: 2, userId: 'alice' });
      expect(await hears(bob, 'cursor')).not.toHaveProperty('z');
      ok(await alice.command('tick', { x: 3, y: 4 }));
      expect(await hears(bob, 'tick')).toMatchObject({ x: 3, y: 4 });
      expect(refusal(await alice.command('cursor', { roomId, x: 'left' }))).toMatchObject({
        code: 'invalid_payload',
        field: 'x',
      });
      expect(refusal(await alice.command('cursor', 'left')).code).toBe('invalid_payload');
      const twice = await alice.command('cursor', { roomId, x: 1, y: 2 }, 'more');
      expect(refusal(twice)).toMatchObject({
        code: 'invalid_payload',
        message: 'Send cursor with one argument, a JSON object.',
      });
      expect(refusal(await alice.command('undeclared', { roomId })).code).toBe('unknown_command');
      ok(await alice.command('point', { roomId, to: 'bob' }));
      await bob.until('the second cursor', () => bob.heard('cursor' as EventName).length === 2);
      await barrier(roomId, bob, [alice]);
      expect(alice.heard('cursor' as EventName)).toEqual([]);
    });

    it('[APP5] asks the rule before the text of a message, an edit or a stream is stored', async () => {
      const roomId = newRoom();
      const alice = await enter('alice', roomId);
      const bob = await enter('bob', roomId);
      const refused = { code: 'refused', message: 'Mind your language.' };
      const sent = await alice.command('message', { roomId, message: 'darn' });
      expect(refusal(sent)).toMatchObject(refused);
      const { message } = ok(await alice.command('message', { roomId, message: 'what the heck' }));
      expect(message.message).toBe('what the h**k');
      expect((await bob.hears('message')).message).toBe('what the h**k');
      const { seq } = message;
      const edited = await alice.command('editMessage', { roomId, seq, message: 'darn' });
      expect(refusal(edited)).toMatchObject(refused);

      const stream = async (text: string) => {
        const payload = { roomId, message: '', streaming: true };
        const begun = ok(await alice.command('message', payload)).message;
        ok(await alice.command('appendMessage', { roomId, seq: begun.seq, offset: 0, text }));
        const end = ok(await alice.command('finishMessage', { roomId, seq: begun.seq }));
        return { seq: begun.seq, end };
      };
      const bad = await stream('well, darn it');
      expect(bad.end).toMatchObject({ status: 'refused', reason: refused.message, length: 0 });
      const gone = await bob.hears('messageUpdated', (updated) => updated.seq === bad.seq);
      expect(gone).toMatchObject({ change: 'deleted', message: '' });
      const mild = await stream('well, heck');
      expect(mild.end).toMatchObject({ status: 'done', length: 10 });
      const kept = await bob.hears('messageUpdated', (updated) => updated.seq === mild.seq);
      expect(kept).toMatchObject({ message: 'well, h**k' });
      expect(kept.streaming).toBeUndefined();
    });
  },
  {},
  { app: 'test/fixtures/app.ts' },
);
