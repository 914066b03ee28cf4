import { expect, it } from 'vitest';
import type { Message } from '../../../src/protocol/objects.ts';
import { checkIndex } from '../../support/check-index.ts';
import { admin, exportOf, person, RoomAtHand } from '../../support/room-at-hand.ts';
import { refusal } from '../../support/visitor.ts';

const alice = person('alice');
const bob = person('bob');
/** The user to erase. Their names and words occur in nothing of other users. */
const gone = { userId: 'quintessa-7', name: 'Quintessa Vole' };
const WORDS = ['quintessa', 'Quintessa', 'Vole', 'vole', 'xylograph', 'brontide', 'zymurgy'];

function erase(room: RoomAtHand, userId = gone.userId): number {
  for (let asked = 1; asked < 1_000; asked++) {
    if (room.ask(admin, 'eraseUser', { userId }).done) return asked;
  }
  throw new Error('The erasure never ends.');
}

/** Those of the words that the room's file or its journal contains. */
function legible(room: RoomAtHand, words: readonly string[] = WORDS): string[] {
  const bytes = room.bytes();
  return words.filter((word) => bytes.includes(word));
}

/** A room in which the user `gone` has left every kind of trace. */
function lived(): RoomAtHand {
  const room = new RoomAtHand();
  room.ask(alice, 'message', { message: 'welcome' });
  room.ask(gone, 'message', { message: 'a xylograph', id: 'quintessa-says', meta: { by: 'Vole' } });
  room.ask(alice, 'message', { message: 'look', mentions: [gone.userId, 'bob'], replyTo: 2 });
  room.ask(gone, 'addReaction', { seq: 1, emoji: '👍' });
  room.ask(gone, 'addReaction', { seq: 1, emoji: '🎉' });
  room.ask(bob, 'addReaction', { seq: 1, emoji: '👍' });
  room.ask(bob, 'addReaction', { seq: 2, emoji: '👀' });
  room.ask(alice, 'setRole', { userId: gone.userId, role: 'moderator', note: 'Vole helps' });
  room.ask(bob, 'message', { message: 'rude' });
  // Messages from here on are not indexed yet.
  room.ask(alice, 'searchMessages', { query: 'rude' });
  room.ask(gone, 'deleteMessage', { seq: 8, note: 'as Vole says' });
  room.ask(gone, 'updateRoom', { topic: 'of zymurgy' });
  room.ask(gone, 'message', { message: 'brontide, edited later' });
  room.ask(gone, 'editMessage', { seq: 10, message: 'brontide no more' });
  room.ask(gone, 'message', { message: 'xylograph, deleted' });
  room.ask(gone, 'deleteMessage', { seq: 12 });
  room.ask(gone, 'markRead', { readUpTo: 3 });
  room.ask(alice, 'updateRoom', { topic: 'our own' });
  return room;
}

it('erasing a user removes everything of theirs from the file, and nothing of others', () => {
  const room = lived();
  expect(legible(room)).toEqual(WORDS);
  erase(room);
  expect(legible(room)).toEqual([]);
  expect(exportOf(room)).not.toMatch(/quintessa|vole|xylograph|brontide|zymurgy/i);

  const { messages } = room.ask(alice, 'getHistory', {});
  expect(messages.map(({ seq, message, senderId, sender }) => [seq, message, senderId, sender]))
    // prettier-ignore
    .toEqual([
      [1, 'welcome', 'alice', 'Mx alice'],
      [2, '', '', ''],
      [3, 'look', 'alice', 'Mx alice'],
      [8, '', 'bob', 'Mx bob'],
      [10, '', '', ''],
      [12, '', '', ''],
    ]);
  const [first, second, third] = messages as [Message, Message, Message];
  expect(first.reactions).toEqual({ '👍': 1 });
  expect(second).toMatchObject({ deletedAt: expect.any(Number), replyCount: 1 });
  expect(second.meta).toBeUndefined();
  expect(second.reactions).toBeUndefined();
  expect(third.mentions).toEqual(['bob']);
  for (const query of ['xylograph', 'brontide', 'edited']) {
    expect(room.ask(alice, 'searchMessages', { query }).results, query).toEqual([]);
  }
  expect(room.ask(alice, 'searchMessages', { query: 'welcome' }).results).toHaveLength(1);
  const { members, memberCount } = room.ask(alice, 'getMembers', {});
  expect(members.map(({ userId }) => userId)).toEqual(['alice', 'bob']);
  expect(memberCount).toBe(2);
  const { acts } = room.ask(alice, 'getAudit', {});
  expect(acts.map(({ act, by, userId }) => [act, by, userId])).toEqual([
    ['updateRoom', 'alice', undefined],
    ['updateRoom', '', undefined],
    ['deleteMessage', '', 'bob'],
    ['setRole', 'alice', undefined],
  ]);
  expect(room.failures).toEqual([]);
});

it('clients that listen and clients that resume see the same after an erasure', () => {
  const room = lived();
  const listener = room.join(bob);
  const { position } = listener.joined;
  const { messages: before } = room.ask(bob, 'getHistory', {});
  erase(room);
  const updates = listener.heard('messageUpdated');
  expect(updates.every(({ change, by }) => change === 'erased' && by === admin.userId)).toBe(true);
  expect(listener.heard('memberUpdated')).toEqual([
    expect.objectContaining({ userId: gone.userId, username: gone.userId, role: 'none' }),
  ]);
  const live = new Map(before.map((message) => [message.seq, message]));
  const revs = updates.map(({ rev }) => rev);
  expect(revs).toEqual(revs.toSorted((a, b) => a - b));
  for (const { change: _, by: __, ...message } of updates) live.set(message.seq, message);
  const back = new Map(before.map((message) => [message.seq, message]));
  const { joined } = room.join(person('back'), { since: position });
  for (const message of joined.missed ?? []) back.set(message.seq, message);
  const now = room.ask(bob, 'getHistory', {}).messages;
  expect([...live.values()]).toEqual(now);
  expect([...back.values()]).toEqual(now);
});

it('an erasure disconnects the user, and reports when it is done', () => {
  const room = lived();
  const theirs = [room.join(gone), room.join(gone)];
  const listener = room.join(bob);
  expect(room.ask(admin, 'eraseUser', { userId: gone.userId }).done).toBe(false);
  expect(theirs.map(({ endedWith }) => endedWith)).toEqual([4501, 4501]);
  expect(listener.endedWith).toBeUndefined();
  expect(room.wakeAt).toBeLessThanOrEqual(room.now);
  expect(room.wakeWhileDue()).toBeGreaterThan(1);
  expect(room.ask(admin, 'eraseUser', { userId: gone.userId }).done).toBe(true);
  expect(room.ask(admin, 'eraseUser', { userId: 'nobody' }).done).toBe(true);
  expect(legible(room)).toEqual([]);
});

it('an erasure takes 500 rows a step, and continues where it was after an eviction', () => {
  const room = lived();
  for (let at = 0; at < 1_300; at++) {
    room.ask(gone, 'message', { message: `xylograph ${at} of zymurgy` });
    if (at % 3 === 0) {
      room.ask(alice, 'message', { message: `chat ${at}`, mentions: [gone.userId] });
    }
  }
  const before = room.count('messages');
  room.ask(admin, 'eraseUser', { userId: gone.userId });
  let steps = 1;
  for (; room.wakeAt !== undefined && room.wakeAt <= room.now; steps++) {
    room.crash();
    room.wake();
    room.crash();
  }
  expect(steps).toBeGreaterThan(5);
  expect(legible(room)).toEqual([]);
  expect(room.count('messages')).toBe(before);
  expect(room.count('erasures')).toBe(0);
  expect(room.ask(alice, 'searchMessages', { query: 'chat', limit: 50 }).hasMore).toBe(true);
  const { position } = room.join(bob).joined;
  const { rev } = room;
  const newest = room.file.all<{ rev: number }>('SELECT max(rev) AS rev FROM messages')[0]!;
  expect([position.split(':')[1], newest.rev]).toEqual([String(rev), rev]);
});

function named(at: number): string {
  return `q${String(at).padStart(4, '0')}`;
}

it('erasing many users of a busy room leaves nothing of them legible in the file', () => {
  const room = new RoomAtHand();
  const people = Array.from({ length: 120 }, (_, at) => ({
    userId: `${named(at)}-${'i'.repeat((at * 7) % 50)}`,
    name: `${named(at)} ${'n'.repeat((at * 11) % 40)}`,
  }));
  for (let at = 0; at < 4_000; at++) {
    const who = people[(at * 7_919) % people.length]!;
    const text = `${named((at * 7_919) % people.length)}${'t'.repeat((at * 31) % 400)} said`;
    const { message } = room.ask(who, 'message', { message: text });
    if (at % 5 === 0) {
      const longer = text.repeat(1 + (at % 3));
      room.ask(who, 'editMessage', { seq: message.seq, message: longer });
    }
    if (at % 7 === 0) room.ask(who, 'addReaction', { seq: message.seq, emoji: '👍' });
  }
  const leaving = people.filter((_, at) => at % 12 === 0);
  for (const { userId } of leaving) erase(room, userId);
  const stays = people.filter((_, at) => at % 12 !== 0).map((_, at) => named(at));
  expect(stays.length).toBe(110);
  expect(
    legible(
      room,
      leaving.map(({ userId }) => userId.slice(0, 5)),
    ),
  ).toEqual([]);
  expect(legible(room, ['q0001', 'q0002', 'q0119'])).toHaveLength(3);
  expect(room.failures).toEqual([]);
});

it('several users are erased one after the other, in whatever order they are requested', () => {
  const room = lived();
  room.now += 40 * 86_400_000;
  const others = Array.from({ length: 5 }, (_, at) => person(`w${at}ldebeest`));
  for (const who of others) room.ask(who, 'message', { message: `by ${who.userId}` });
  for (const { userId } of others) room.ask(admin, 'eraseUser', { userId });
  room.ask(alice, 'updateRoom', { retentionDays: 30 });
  room.wakeWhileDue();
  for (const { userId } of others) {
    expect(room.ask(admin, 'eraseUser', { userId }).done).toBe(true);
  }
  const words = others.flatMap(({ userId, name = '' }) => [userId, name]);
  expect(legible(room, words)).toEqual([]);
  checkIndex(room.file);
  expect(room.ask(alice, 'getHistory', {}).messages).toHaveLength(5);
  expect(room.failures).toEqual([]);
});

it('an erased user who comes back is a new user', () => {
  const room = lived();
  erase(room);
  const sent = room.ask(gone, 'message', { message: 'again', id: 'quintessa-says' });
  expect(sent.duplicate).toBeUndefined();
  expect(room.ask(alice, 'getMembers', {}).members).toContainEqual(
    expect.objectContaining({ userId: gone.userId, role: 'member' }),
  );
});

it('[APP3] a user of whom the room has nothing but a value is erased', () => {
  const source = new RoomAtHand();
  source.ask(alice, 'message', { message: 'welcome' });
  const value = JSON.stringify({ type: 'value', seq: 1, userId: gone.userId, value: 'yes' });
  const room = new RoomAtHand();
  const text = exportOf(source).replace('{"type":"end"', `${value}\n{"type":"end"`);
  room.ask(admin, 'importRoom', { text, line: 1 });
  expect(exportOf(room)).toContain(gone.userId);
  erase(room);
  expect(exportOf(room)).not.toContain(gone.userId);
});

it('only admins may erase a user', () => {
  const room = lived();
  for (const who of [alice, bob, gone]) {
    const problem = refusal(room.execute(who, 'eraseUser', { userId: gone.userId }));
    expect(problem.code).toBe('forbidden');
  }
  expect(legible(room)).toEqual(WORDS);
});
