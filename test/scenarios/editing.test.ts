import { describe, expect, it } from 'vitest';
import { founded, overHttp } from '../support/rights.ts';
import { forEachTransport, barrier } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { ok, refusal } from '../support/visitor.ts';

forEachTransport((transport) => {
  it('changes a message for everyone, with one event each', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const { visitor: phone } = await transport.enter('bob', roomId);
    const about = { mentions: ['olga'], meta: { lang: 'en' }, replyTo: 1, id: 'b-1' };
    const { message: sent } = ok(
      await bob.command('message', { roomId, message: 'helo', ...about }),
    );
    const { message: edited } = ok(
      await bob.command('editMessage', { roomId, seq: sent.seq, message: 'hello' }),
    );
    expect(edited).toEqual({
      ...sent,
      rev: sent.rev + 1,
      message: 'hello',
      editedAt: expect.any(Number),
    });
    expect(edited.editedAt).toBeGreaterThanOrEqual(sent.timestamp);
    await barrier(roomId, owner, [bob, phone]);
    await barrier(roomId, phone, [owner]);
    for (const other of [owner, phone]) {
      expect(other.heard('messageUpdated')).toEqual([{ ...edited, change: 'edited', by: 'bob' }]);
    }
    expect(bob.heard('messageUpdated')).toEqual([]);
    const { messages } = ok(await owner.command('getHistory', { roomId, around: 2, limit: 1 }));
    expect(messages).toEqual([edited]);
  });

  it('[MSG7] replaces mentions and meta given in an edit, and keeps absent ones', async () => {
    const { roomId, owner, bob, cleo } = await founded(transport, {
      bob: 'member',
      cleo: 'member',
    });
    const about = { mentions: ['bob'], meta: { a: 1 } };
    const { message: sent } = ok(
      await owner.command('message', { roomId, message: 'hi bob', ...about }),
    );
    const { seq } = sent;
    const edit = async (payload: object) =>
      ok(await owner.command('editMessage', { roomId, seq, ...payload })).message;
    const unreadOf = async (who: typeof bob) => ok(await who.join(roomId)).you.unreadMentions;
    expect([await unreadOf(bob), await unreadOf(cleo)]).toEqual([1, 0]);

    const moved = { message: 'hi cleo', mentions: ['cleo', 'olga', 'cleo'], meta: { b: 2 } };
    const second = await edit(moved);
    expect(second).toMatchObject({ ...moved, mentions: ['cleo', 'olga'], rev: sent.rev + 1 });
    expect(await cleo.hears('messageUpdated')).toEqual({ ...second, change: 'edited', by: 'olga' });
    expect([await unreadOf(bob), await unreadOf(cleo)]).toEqual([0, 1]);
    // Sending the same edit again changes nothing, and absent fields keep their values.
    expect(await edit(moved)).toEqual(second);
    const third = await edit({ message: 'hello cleo' });
    expect(third).toMatchObject({ mentions: ['cleo', 'olga'], meta: { b: 2 } });
    const fourth = await edit({ message: 'hello cleo', mentions: ['bob', 'cleo'] });
    expect(fourth).toMatchObject({ rev: third.rev + 1, meta: { b: 2 } });
    expect([await unreadOf(bob), await unreadOf(cleo)]).toEqual([1, 1]);
    ok(await bob.command('markRead', { roomId, readUpTo: seq }));
    expect(await unreadOf(bob)).toBe(0);

    const http = await overHttp(transport, 'olga');
    const body = { message: 'hello', mentions: [], meta: {} };
    const answered = await http.ask('PATCH', roomId, `/messages/${seq}`, { body });
    expect(answered.body).toMatchObject({ message: { rev: fourth.rev + 1, message: 'hello' } });
    const { messages } = ok(await cleo.command('getHistory', { roomId, around: seq, limit: 1 }));
    expect(messages[0]).not.toHaveProperty('mentions');
    expect(messages[0]).not.toHaveProperty('meta');
    expect(await unreadOf(cleo)).toBe(0);
    ok(await owner.command('deleteMessage', { roomId, seq }));
    expect(await unreadOf(bob)).toBe(0);
  });

  it('[MSG7] takes no rev for an edit that changes nothing, and sends no event', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const sent = await say(bob, roomId, 'as it is');
    const edit = { roomId, seq: sent.seq, message: 'as it is' };
    expect(ok(await bob.command('editMessage', edit)).message).toEqual(sent);
    const next = await say(bob, roomId, 'next');
    expect(next.rev).toBe(sent.rev + 1);
    await owner.hears('message', ({ seq }) => seq === next.seq);
    expect(owner.heard('messageUpdated')).toEqual([]);
  });

  it('[MSG8] refuses an edit of a message that has changed, with its current state', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const sent = await say(bob, roomId, 'one');
    const { seq } = sent;
    const edit = { roomId, seq, message: 'two', ifRev: sent.rev };
    const edited = ok(await bob.command('editMessage', edit)).message;
    // The same edit again, as after a lost reply: it has taken effect already.
    expect(ok(await bob.command('editMessage', edit)).message).toEqual(edited);
    const stale = refusal(await bob.command('editMessage', { ...edit, message: 'three' }));
    expect(stale).toEqual({ code: 'conflict', message: expect.any(String), current: edited });
    // A reaction changes the message's `rev` too.
    const reacted = ok(await owner.command('addReaction', { roomId, seq, emoji: '👍' })).message;
    const late = { ...edit, message: 'three', ifRev: edited.rev };
    expect(refusal(await bob.command('editMessage', late))).toMatchObject({
      code: 'conflict',
      current: reacted,
    });
    expect(ok(await bob.command('editMessage', edit)).message).toEqual(reacted);
    const third = ok(
      await bob.command('editMessage', { ...edit, message: 'three', ifRev: reacted.rev }),
    );
    expect(third.message).toMatchObject({ message: 'three', reactions: { '👍': 1 } });
    await barrier(roomId, bob, [owner]);
    expect(owner.heard('messageUpdated').map(({ message }) => message)).toEqual(['two', 'three']);
  });

  it('[MOD1] refuses edits of messages of others, in every role', async () => {
    const { roomId, owner, mo, bob } = await founded(transport, { mo: 'moderator', bob: 'member' });
    const { visitor: admin } = await transport.enter('ada', roomId, {}, { admin: true });
    const { seq } = await say(bob, roomId, 'mine');
    for (const other of [owner, mo, admin]) {
      const edit = { roomId, seq, message: 'yours' };
      expect(refusal(await other.command('editMessage', edit))).toEqual({
        code: 'forbidden',
        message: 'You can edit your own messages only.',
      });
    }
    await barrier(roomId, owner, [bob]);
    expect(bob.heard('messageUpdated')).toEqual([]);
  });

  it('says which field of an edit or a deletion is invalid', async () => {
    const { roomId, owner } = await founded(transport);
    await owner.command('addReaction', { roomId, seq: 1, emoji: '👍' });
    const message = 'new';
    const cases: [name: string, payload: object, code: string, field?: string][] = [
      ['editMessage', { message }, 'invalid_payload', 'seq'],
      ['editMessage', { seq: 0, message }, 'invalid_payload', 'seq'],
      ['editMessage', { seq: 1.5, message }, 'invalid_payload', 'seq'],
      ['editMessage', { seq: '1', message }, 'invalid_payload', 'seq'],
      ['editMessage', { seq: 2 ** 60, message }, 'invalid_payload', 'seq'],
      ['editMessage', { seq: 1 }, 'invalid_payload', 'message'],
      ['editMessage', { seq: 1, message: '' }, 'invalid_payload', 'message'],
      ['editMessage', { seq: 1, message: '\ud800' }, 'invalid_payload', 'message'],
      ['editMessage', { seq: 1, message: ' \n\u200B' }, 'invalid_payload', 'message'],
      ['editMessage', { seq: 1, message, mentions: [7] }, 'invalid_payload', 'mentions.0'],
      ['editMessage', { seq: 1, message, meta: [] }, 'invalid_payload', 'meta'],
      ['editMessage', { seq: 1, message, meta: { a: 'x'.repeat(4_097) } }, 'too_large', 'meta'],
      ['editMessage', { seq: 1, message, ifRev: 0 }, 'invalid_payload', 'ifRev'],
      ['editMessage', { seq: 1, message: '語'.repeat(2_731) }, 'too_large', 'message'],
      // 2 is the `rev` of the reaction, and not the `seq` of a message.
      ['editMessage', { seq: 2, message }, 'message_not_found'],
      ['editMessage', { seq: 99, message }, 'message_not_found'],
      ['deleteMessage', {}, 'invalid_payload', 'seq'],
      ['deleteMessage', { seq: -1 }, 'invalid_payload', 'seq'],
      ['deleteMessage', { seq: 1, note: 7 }, 'invalid_payload', 'note'],
      ['deleteMessage', { seq: 1, note: 'n'.repeat(513) }, 'invalid_payload', 'note'],
      ['deleteMessage', { seq: 1, ifRev: 'one' }, 'invalid_payload', 'ifRev'],
      ['deleteMessage', { seq: 2 }, 'message_not_found'],
    ];
    for (const [name, payload, code, field] of cases) {
      const problem = refusal(await owner.command(name, { roomId, ...payload }));
      expect([problem.code, problem.field], JSON.stringify(payload).slice(0, 80)).toEqual([
        code,
        field,
      ]);
    }
    const { messages } = ok(await owner.command('getHistory', { roomId }));
    expect(messages.map(({ rev, message: text }) => [rev, text])).toEqual([[2, 'the first words']]);
  });

  it('[MSG2] keeps the place of a deleted message, and nothing of its text', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const { visitor: phone } = await transport.enter('bob', roomId);
    const about = { mentions: ['olga'], meta: { a: 1 }, replyTo: 1, id: 'b-1' };
    const { message: sent } = ok(
      await bob.command('message', { roomId, message: 'regret', ...about }),
    );
    const { seq } = sent;
    ok(await bob.command('editMessage', { roomId, seq, message: 'much regret' }));
    ok(await owner.command('addReaction', { roomId, seq, emoji: '👀' }));
    const { message: answer } = ok(
      await owner.command('message', { roomId, message: 'why?', replyTo: seq }),
    );
    const { message: deleted } = ok(await bob.command('deleteMessage', { roomId, seq }));
    expect(deleted).toEqual({
      roomId,
      seq,
      rev: answer.rev + 1,
      id: 'b-1',
      senderId: 'bob',
      sender: 'bob',
      message: '',
      timestamp: sent.timestamp,
      editedAt: expect.any(Number),
      deletedAt: expect.any(Number),
      replyTo: 1,
      replyCount: 1,
    });
    await barrier(roomId, owner, [bob, phone]);
    for (const other of [owner, phone]) {
      await other.hears('messageUpdated', ({ change }) => change === 'deleted');
      expect(other.heard('messageUpdated').at(-1)).toEqual({
        ...deleted,
        change: 'deleted',
        by: 'bob',
      });
    }
    expect(bob.heard('messageUpdated')).toEqual([]);
    const { messages } = ok(await owner.command('getHistory', { roomId, limit: 3 }));
    expect(messages[0]).toEqual(deleted);
    expect(ok(await owner.command('getReactions', { roomId, seq })).reactions).toEqual([]);
  });

  it('[MSG2] never restores a deleted message', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const payload = { roomId, message: 'gone soon', id: 'b-1' };
    const { message: sent } = ok(await bob.command('message', payload));
    const { seq } = sent;
    const remove = { roomId, seq, ifRev: sent.rev };
    const { message: deleted } = ok(await bob.command('deleteMessage', remove));
    // The same deletion again, as after a lost reply, and then without `ifRev`.
    expect(ok(await bob.command('deleteMessage', remove)).message).toEqual(deleted);
    expect(ok(await bob.command('deleteMessage', { roomId, seq })).message).toEqual(deleted);
    expect(ok(await owner.command('deleteMessage', { roomId, seq })).message).toEqual(deleted);
    expect(refusal(await owner.command('deleteMessage', remove))).toMatchObject({
      code: 'conflict',
      current: deleted,
    });
    expect(ok(await bob.command('message', payload))).toEqual({
      ok: true,
      message: deleted,
      duplicate: true,
    });
    const edit = { roomId, seq, message: 'back' };
    expect(refusal(await bob.command('editMessage', edit)).code).toBe('message_not_found');
    expect(refusal(await bob.command('editMessage', { ...edit, ifRev: sent.rev }))).toMatchObject({
      code: 'conflict',
      current: deleted,
    });
    for (const name of ['addReaction', 'removeReaction']) {
      const reaction = { roomId, seq, emoji: '👍' };
      expect(refusal(await owner.command(name, reaction)).code).toBe('message_not_found');
    }
    await barrier(roomId, bob, [owner]);
    expect(owner.heard('messageUpdated')).toHaveLength(1);
    const { messages } = ok(await owner.command('getHistory', { roomId }));
    expect(messages[1]).toEqual(deleted);
    expect(messages.at(-1)!.rev).toBe(deleted.rev + 1);
  });

  it('[MOD1] allows moderators to delete messages of others, and keeps the note', async () => {
    const { roomId, owner, mo, bob } = await founded(transport, { mo: 'moderator', bob: 'member' });
    const { seq } = await say(bob, roomId, 'rude');
    const forbidden = refusal(await bob.command('deleteMessage', { roomId, seq: 1 }));
    expect(forbidden.code).toBe('forbidden');
    const { message } = ok(await mo.command('deleteMessage', { roomId, seq, note: 'be kind' }));
    expect(await bob.hears('messageUpdated')).toEqual({ ...message, change: 'deleted', by: 'mo' });
    // A moderator may delete messages of owners too.
    ok(await mo.command('deleteMessage', { roomId, seq: 1 }));
    const http = await overHttp(transport, 'mo');
    const { body } = await http.ask('GET', roomId, '/audit', { query: { limit: 2 } });
    const act = { id: expect.any(Number), timestamp: expect.any(Number), by: 'mo' };
    expect(body).toMatchObject({
      acts: [
        { ...act, act: 'deleteMessage', userId: 'olga', seq: 1 },
        { ...act, act: 'deleteMessage', userId: 'bob', seq, note: 'be kind' },
      ],
    });
    expect(
      refusal(await owner.command('editMessage', { roomId, seq: 1, message: 'no' })).code,
    ).toBe('message_not_found');
  });

  it('[MOD3] allows users who may not send to delete their messages, and to edit none', async () => {
    const { roomId, owner, bob } = await founded(transport, { bob: 'member' });
    const texts = ['while muted', 'as a viewer', 'read-only'];
    const seqs: number[] = [];
    for (const text of texts) seqs.push((await say(bob, roomId, text)).seq);
    const tries = async (seq: number) => [
      refusal(await bob.command('editMessage', { roomId, seq, message: 'better' })).code,
      ok(await bob.command('deleteMessage', { roomId, seq })).message.message,
    ];
    ok(await owner.command('muteMember', { roomId, userId: 'bob' }));
    expect(await tries(seqs[0]!)).toEqual(['muted', '']);
    ok(await owner.command('unmuteMember', { roomId, userId: 'bob' }));
    ok(await owner.command('setRole', { roomId, userId: 'bob', role: 'viewer' }));
    expect(await tries(seqs[1]!)).toEqual(['forbidden', '']);
    ok(await owner.command('setRole', { roomId, userId: 'bob', role: 'moderator' }));
    ok(await owner.command('updateRoom', { roomId, readOnly: true }));
    expect(await tries(seqs[2]!)).toEqual(['forbidden', '']);
  });

  it('refuses changes before joining', async () => {
    const here = await founded(transport);
    const there = await founded(transport);
    // A native socket belongs to one room, and a payload on it may name no other.
    const code = transport.socketHolds === 'one room' ? 'invalid_payload' : 'not_joined';
    const { visitor: bob } = await transport.enter('bob', here.roomId);
    for (const [name, more] of Object.entries({
      editMessage: { seq: 1, message: 'x' },
      deleteMessage: { seq: 1 },
      addReaction: { seq: 1, emoji: 'x' },
      removeReaction: { seq: 1, emoji: 'x' },
      getReactions: { seq: 1 },
      pinMessage: { seq: 1 },
      unpinMessage: { seq: 1 },
      getPins: {},
      searchMessages: { query: 'words' },
      markRead: { readUpTo: 1 },
      updateRoom: { topic: 'x' },
      setRole: { userId: 'bob', role: 'viewer' },
      kickMember: { userId: 'bob' },
      banMember: { userId: 'bob' },
      unbanMember: { userId: 'bob' },
      muteMember: { userId: 'bob' },
      unmuteMember: { userId: 'bob' },
    })) {
      const elsewhere = await bob.command(name, { roomId: there.roomId, ...more });
      expect(refusal(elsewhere).code, name).toBe(code);
    }
    ok(await bob.command('leaveRoom', { roomId: here.roomId }));
    const edit = { roomId: here.roomId, seq: 1, message: 'x' };
    expect(refusal(await bob.command('editMessage', edit)).code).toBe('not_joined');
  });

  describe('where no reply is asked for', () => {
    it('[WIRE1] reports refusals', async () => {
      const { roomId, bob } = await founded(transport, { bob: 'member' });
      bob.tell('editMessage', { roomId, seq: 1, message: 'not mine' });
      expect(await bob.hears('error')).toEqual({
        code: 'forbidden',
        message: 'You can edit your own messages only.',
        command: 'editMessage',
        roomId,
      });
    });
  });
});
