import { expect, it } from 'vitest';
import type { Message } from '../../src/protocol/objects.ts';
import { founded } from '../support/rights.ts';
import { forEachTransport, barrier } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { ok, refusal, type Visitor } from '../support/visitor.ts';

async function answer(who: Visitor, roomId: string, replyTo: number, text: string) {
  return ok(await who.command('message', { roomId, message: text, replyTo })).message;
}

async function newest(who: Visitor, roomId: string): Promise<Message[]> {
  return ok(await who.command('getHistory', { roomId })).messages;
}

forEachTransport((transport) => {
  it('sends replies, mentions and meta to everyone unchanged', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const meta = { text: 'naïve 🎉', list: [1, 2.5, null, true], deep: { a: { b: {} } } };
    const mentions = ['bob', 'someone unknown', 'bob', 'olga'];
    const { message } = ok(
      await owner.command('message', { roomId, message: 'see', replyTo: 1, mentions, meta }),
    );
    expect(message).toEqual({
      roomId,
      seq: 2,
      rev: 2,
      id: expect.any(String),
      senderId: 'olga',
      sender: 'olga',
      message: 'see',
      timestamp: expect.any(Number),
      replyTo: 1,
      mentions: ['bob', 'someone unknown', 'olga'],
      meta,
    });
    expect(await bob.hears('message')).toEqual(message);
    const [first, second] = await newest(bob, roomId);
    expect(second).toEqual(message);
    expect(first).toMatchObject({ seq: 1, rev: 1, replyCount: 1 });
    const { joined } = await transport.enter('cleo', roomId, { since: '0:0', history: 1 });
    expect([joined.messages, joined.missed]).toEqual([[message], [first, message]]);
    const { message: bare } = ok(
      await owner.command('message', { roomId, message: 'bare', mentions: [], meta: {} }),
    );
    expect(bare).not.toHaveProperty('mentions');
    expect(bare.meta).toEqual({});
  });

  it('[MSG3] counts replies without changing the message they reply to', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const answers = [];
    for (const text of ['one', 'two', 'three']) answers.push(await answer(bob, roomId, 1, text));
    await answer(owner, roomId, answers[0]!.seq, 'an answer to an answer');
    const shown = async () => {
      const messages = await newest(owner, roomId);
      return messages.map(({ seq, rev, replyCount }) => [seq, rev, replyCount]);
    };
    const none = undefined;
    expect(await shown()).toEqual([
      [1, 1, 3],
      [2, 2, 1],
      [3, 3, none],
      [4, 4, none],
      [5, 5, none],
    ]);
    ok(await bob.command('deleteMessage', { roomId, seq: 3 }));
    expect((await shown())[0]).toEqual([1, 1, 2]);
    const { message } = ok(
      await owner.command('editMessage', { roomId, seq: 1, message: 'the first words, better' }),
    );
    expect(message).toMatchObject({ rev: 7, replyCount: 2 });
    expect(await bob.hears('messageUpdated')).toMatchObject({ rev: 7, replyCount: 2 });
  });

  it('pages through one thread in both directions', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const thread: Message[] = [];
    for (let at = 0; at < 12; at++) {
      thread.push(await answer(bob, roomId, 1, `answer ${at}`));
      await say(owner, roomId, `aside ${at}`);
    }
    const page = async (payload: object) => {
      const { messages, hasMore } = ok(
        await bob.command('getHistory', { roomId, thread: 1, ...payload }),
      );
      return { messages, hasMore };
    };
    const some = (from: number, to: number, hasMore: boolean) => ({
      messages: thread.slice(from, to),
      hasMore,
    });
    expect(await page({})).toEqual(some(0, 12, false));
    expect(await page({ limit: 5 })).toEqual(some(7, 12, true));
    expect(await page({ limit: 5, before: thread[7]!.seq })).toEqual(some(2, 7, true));
    expect(await page({ limit: 5, before: thread[2]!.seq })).toEqual(some(0, 2, false));
    expect(await page({ limit: 5, after: 0 })).toEqual(some(0, 5, true));
    expect(await page({ limit: 7, after: thread[4]!.seq })).toEqual(some(5, 12, false));
    expect(await page({ limit: 4, around: thread[6]!.seq })).toEqual(some(4, 8, true));
    expect(await page({ thread: 2 })).toEqual({ messages: [], hasMore: false });
    // A deleted reply keeps its place in the thread too.
    const { seq } = thread[5]!;
    const { message: gone } = ok(await bob.command('deleteMessage', { roomId, seq }));
    thread[5] = gone;
    expect(await page({})).toEqual(some(0, 12, false));
  });

  it('says why a reply, a mention or meta is invalid', async () => {
    const { roomId, owner } = await founded(transport);
    await owner.command('addReaction', { roomId, seq: 1, emoji: '👍' });
    const cases: [more: object, code: string, field: string][] = [
      [{ replyTo: 0 }, 'invalid_payload', 'replyTo'],
      [{ replyTo: '1' }, 'invalid_payload', 'replyTo'],
      [{ replyTo: 2 }, 'message_not_found', 'replyTo'],
      [{ replyTo: 99 }, 'message_not_found', 'replyTo'],
      [{ mentions: 'bob' }, 'invalid_payload', 'mentions'],
      [{ mentions: ['bob', ''] }, 'invalid_payload', 'mentions.1'],
      [{ mentions: [7] }, 'invalid_payload', 'mentions.0'],
      [
        { mentions: Array.from({ length: 51 }, (_, at) => `u${at}`) },
        'invalid_payload',
        'mentions',
      ],
      [{ meta: [] }, 'invalid_payload', 'meta'],
      [{ meta: 'text' }, 'invalid_payload', 'meta'],
      [{ meta: { a: '語'.repeat(1_364) } }, 'too_large', 'meta'],
    ];
    for (const [more, code, field] of cases) {
      const sent = await owner.command('message', { roomId, message: 'x', ...more });
      const problem = refusal(sent);
      expect([problem.code, problem.field], JSON.stringify(more).slice(0, 80)).toEqual([
        code,
        field,
      ]);
    }
    const most = {
      mentions: Array.from({ length: 50 }, (_, at) => `u${at}`),
      // 4,096 bytes of JSON, with braces, key and quotes.
      meta: { a: `${'語'.repeat(1_362)}xx` },
    };
    const sent = ok(await owner.command('message', { roomId, message: 'x', ...most }));
    expect(sent.message).toMatchObject({ rev: 3, ...most });
    expect(new TextEncoder().encode(JSON.stringify(most.meta)).byteLength).toBe(4_096);
    const thread = await owner.command('getHistory', { roomId, thread: 0 });
    expect(refusal(thread)).toMatchObject({ code: 'invalid_payload', field: 'thread' });
  });

  it('allows replies to a deleted message', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    ok(await owner.command('deleteMessage', { roomId, seq: 1 }));
    const { seq } = await answer(bob, roomId, 1, 'too late?');
    await barrier(roomId, owner, [bob]);
    const [first, second] = await newest(owner, roomId);
    expect(first).toMatchObject({ seq: 1, message: '', replyCount: 1 });
    expect(second).toMatchObject({ seq, replyTo: 1 });
  });
});
