import { expect, it } from 'vitest';
import { founded } from '../support/rights.ts';
import { forEachTransport, newRoom } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { found as hits, missed as misses } from '../support/search-cases.ts';
import { ok, refusal, type Visitor } from '../support/visitor.ts';

/** The texts found, newest first. */
async function found(who: Visitor, roomId: string, query: string, more = {}): Promise<string[]> {
  const { results } = ok(await who.command('searchMessages', { roomId, query, ...more }));
  return results.map(({ message }) => message);
}

/** A search is charged as 5 commands, and these tests send many. */
const UNLIMITED = { COMMAND_BURST: '100000' };

forEachTransport((transport) => {
  it('[SRCH1] [SRCH4] finds words anywhere, newest first, and marks them', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    await say(owner, roomId, 'The quick brown fox');
    await say(bob, roomId, 'a fox, quick as ever');
    await say(bob, roomId, 'slow turtles');
    const reply = ok(await bob.command('searchMessages', { roomId, query: 'QUICK fox' }));
    const { messages } = ok(await bob.command('getHistory', { roomId }));
    expect(reply).toEqual({
      ok: true,
      results: [
        { ...messages[2], snippet: 'a \u0002fox\u0003, \u0002quick\u0003 as ever' },
        { ...messages[1], snippet: 'The \u0002quick\u0003 brown \u0002fox\u0003' },
      ],
      hasMore: false,
    });
    expect(await found(bob, roomId, 'turtles')).toEqual(['slow turtles']);
    expect(await found(bob, roomId, 'quick turtles')).toEqual([]);
  });

  it('filters by sender and pages by seq', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    for (let at = 0; at < 6; at++) await say(at % 2 === 0 ? owner : bob, roomId, `tick ${at}`);
    expect(await found(bob, roomId, 'tick', { from: 'bob' })).toEqual([
      'tick 5',
      'tick 3',
      'tick 1',
    ]);
    for (const from of ['nobody', 'BOB', '!', 'b o b', '"', 'bob OR olga']) {
      expect(await found(bob, roomId, 'tick', { from }), from).toEqual([]);
    }
    const first = ok(await bob.command('searchMessages', { roomId, query: 'tick', limit: 4 }));
    expect([first.results.map(({ message }) => message), first.hasMore]).toEqual([
      ['tick 5', 'tick 4', 'tick 3', 'tick 2'],
      true,
    ]);
    const before = first.results.at(-1)!.seq;
    expect(await found(bob, roomId, 'tick', { before })).toEqual(['tick 1', 'tick 0']);
  });

  it('distinguishes user ids made of the same words', async () => {
    const roomId = newRoom();
    for (const userId of ['ann-1', 'ann 1', 'ANN-1', '!!', '??']) {
      const { visitor } = await transport.enter(userId, roomId);
      await say(visitor, roomId, `word from ${userId}`);
      expect(await found(visitor, roomId, 'word', { from: userId })).toEqual([
        `word from ${userId}`,
      ]);
    }
  });

  it('[SRCH1] no longer finds edited or deleted text once the reply has arrived', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const { seq } = await say(bob, roomId, 'the password is hunter2');
    expect(await found(owner, roomId, 'hunter2')).toHaveLength(1);
    // Sent before the reply to the edit has arrived: the room answers in order.
    const [edited, searched] = await Promise.all([
      bob.command('editMessage', { roomId, seq, message: 'the password is secret' }),
      bob.command('searchMessages', { roomId, query: 'hunter2' }),
    ]);
    expect([ok(edited).message.seq, ok(searched).results]).toEqual([seq, []]);
    expect(await found(owner, roomId, 'hunter2')).toEqual([]);
    expect(await found(owner, roomId, 'secret password')).toHaveLength(1);
    ok(await bob.command('deleteMessage', { roomId, seq }));
    for (const word of ['secret', 'password', 'hunter2']) {
      expect(await found(owner, roomId, word)).toEqual([]);
    }
    expect(await found(owner, roomId, 'words')).toEqual(['the first words']);
  });

  it('accepts any text as a query, without operators', async () => {
    const { roomId, owner } = await founded(transport);
    const text = 'plain words: message, sender_id and "quoted" naïve über 日本語 x1\0nul';
    await say(owner, roomId, text);
    const matching = [
      'plain',
      'PLAIN words',
      '"plain',
      'plain"',
      '-plain',
      '^plain',
      'plain*',
      'plain +words',
      '(plain',
      'naive',
      'UBER',
      '日本語',
      'plain !!! words',
      'pla',
      'x1 nul',
      'x1\0nul',
      'sender_id',
      `plain ${'words '.repeat(30)}`,
    ];
    for (const query of matching) {
      expect(await found(owner, roomId, query), JSON.stringify(query)).toEqual([text]);
    }
    const others = [
      '',
      ' ',
      '\0',
      '"',
      '""',
      "'",
      '*',
      '!!! ???',
      '👍',
      'plain 👍',
      'pl',
      '"pla"',
      'plain OR nothing',
      'nothing OR plain',
      'plain NOT words',
      'NEAR(plain words)',
      'message:plain',
      'sender_id:olga',
      '{message sender_id}: olga',
      'olga',
      'rank',
      "'; DROP TABLE messages; --",
      '\u0002plain nothing\u0003',
      'x'.repeat(1_024),
      '\u{1E900}',
    ];
    for (const query of others) {
      expect(await found(owner, roomId, query), JSON.stringify(query)).toEqual([]);
    }
  });

  it('[SRCH2] finds words in every script, in every spelling', async () => {
    const { roomId, owner } = await founded(transport);
    const said = new Set([...hits, ...misses].map(([, text]) => text));
    for (const text of said) await say(owner, roomId, text);
    for (const [query, text] of hits) {
      expect(await found(owner, roomId, query, { limit: 50 }), query).toContain(text);
    }
    for (const [query, text] of misses) {
      expect(await found(owner, roomId, query, { limit: 50 }), query).not.toContain(text);
    }
  });

  it('[SRCH4] marks matches only, and never part of a letter', async () => {
    const { roomId, owner } = await founded(transport);
    const cases = [
      ['gamma', 'alpha\0beta gamma', 'alpha\0beta \u0002gamma\u0003'],
      ['z', 'x\u0002y\u0003 z', 'xy \u0002z\u0003'],
      ['தமிழ', 'தமிழ் தமிழ', '\u0002தமிழ்\u0003 \u0002தமிழ\u0003'],
      ['会议室', '在会议室开会', '在\u0002会议室\u0003开会'],
      ['deploy', 'Deployments!', '\u0002Deployments\u0003!'],
    ] as const;
    for (const [query, text, snippet] of cases) {
      await say(owner, roomId, text);
      const { results } = ok(await owner.command('searchMessages', { roomId, query }));
      expect(results[0]?.snippet, query).toBe(snippet);
    }
  });

  it('[SRCH3] uses every word of a long query, or refuses it', async () => {
    const { roomId, owner } = await founded(transport);
    const words = Array.from({ length: 33 }, (_, at) => `word${at}x`);
    await say(owner, roomId, words.slice(0, 31).join(' '));
    expect(await found(owner, roomId, words.slice(0, 31).join(' '))).toHaveLength(1);
    expect(await found(owner, roomId, words.slice(0, 32).join(' '))).toEqual([]);
    const query = words.join(' ');
    const problem = refusal(await owner.command('searchMessages', { roomId, query }));
    expect(problem).toMatchObject({ code: 'invalid_payload', field: 'query' });
    expect(problem.message).toContain('at most 32 words');
  });

  it('finds the exact bytes of long and fragmented texts', async () => {
    const { roomId, owner } = await founded(transport);
    const long = `${'filler '.repeat(1_000)}needle ${'filler '.repeat(100)}`;
    await say(owner, roomId, long);
    const { results } = ok(await owner.command('searchMessages', { roomId, query: 'needle' }));
    expect(results.map(({ message }) => message)).toEqual([long]);
    expect(results[0]!.snippet).toContain('\u0002needle\u0003');
    expect(results[0]!.snippet.length).toBeLessThan(250);
    expect(results[0]!.snippet).toMatch(/^….*…$/);
  });

  it('says which field of a search is invalid', async () => {
    const { roomId, owner } = await founded(transport);
    const cases: [payload: object, field: string][] = [
      [{}, 'query'],
      [{ query: 7 }, 'query'],
      [{ query: 'x'.repeat(1_025) }, 'query'],
      [{ query: '\ud800' }, 'query'],
      [{ query: 'x', from: '' }, 'from'],
      [{ query: 'x', before: 0 }, 'before'],
      [{ query: 'x', limit: 0 }, 'limit'],
      [{ query: 'x', limit: 51 }, 'limit'],
    ];
    for (const [payload, field] of cases) {
      const problem = refusal(await owner.command('searchMessages', { roomId, ...payload }));
      expect(problem, JSON.stringify(payload)).toMatchObject({ code: 'invalid_payload', field });
    }
  });
}, UNLIMITED);
