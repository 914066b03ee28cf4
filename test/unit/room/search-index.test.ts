import { describe, expect, it } from 'vitest';
import { fixed } from '../../../src/protocol/codes/limits.ts';
import { indexLongMessages } from '../../../src/room/storage/index-again.ts';
import { migrations } from '../../../src/room/storage/migrations.ts';
import { oldRoom, oldVersions } from '../../contract/old-rooms.ts';
import { checkIndex, marksOf } from '../../support/check-index.ts';
import { admin, exportOf, person, RoomAtHand } from '../../support/room-at-hand.ts';
import { withHarness } from './with-harness.ts';
import { Listener } from './listener.ts';

const alice = person('alice');

function found(room: RoomAtHand, query: string): number[] {
  return room.ask(admin, 'searchMessages', { query }).results.map(({ seq }) => seq);
}

/** Sends four messages and indexes them by a search, then three more that are not indexed yet. */
function talk(room: RoomAtHand): void {
  for (const text of ['red apple', 'green apple', 'blue apple', 'old apple']) {
    room.ask(alice, 'message', { message: text });
  }
  expect(found(room, 'apple')).toEqual([4, 3, 2, 1]);
  for (const text of ['red cherry', 'green cherry', 'blue cherry']) {
    room.ask(alice, 'message', { message: text });
  }
}

/** Migrates the room as the version does that indexes rooms with long messages again. */
function upgrade(room: RoomAtHand): void {
  expect(migrations.flat()).toContain(indexLongMessages);
  indexLongMessages(room.file);
  room.file.commit();
  room.crash();
}

/** A long text, most of whose words are in no other. */
function manyWords(at: number): string {
  return Array.from({ length: 100 }, (_, word) => `word${word} ${at}x${word}`).join(' ');
}

it('a search finds the newest messages by their current text, after edits and deletions', () => {
  const room = new RoomAtHand();
  talk(room);
  expect(checkIndex(room.file).indexed).toBe(4);
  room.ask(alice, 'editMessage', { seq: 1, message: 'red pear' });
  room.ask(alice, 'deleteMessage', { seq: 2 });
  room.ask(alice, 'editMessage', { seq: 5, message: 'red plum' });
  room.ask(alice, 'deleteMessage', { seq: 6 });
  expect(checkIndex(room.file).indexed).toBe(4);
  expect(found(room, 'apple')).toEqual([4, 3]);
  expect([found(room, 'pear'), found(room, 'plum')]).toEqual([[1], [5]]);
  expect(found(room, 'cherry')).toEqual([7]);
  expect(checkIndex(room.file).indexed).toBe(11);
});

it('the index lags at most by its bound, and is not made for a room without messages', () => {
  const room = new RoomAtHand();
  expect(found(room, 'word')).toEqual([]);
  expect(room.file.isEmpty()).toBe(true);
  let indexed = 0;
  for (let seq = 1; seq <= 2 * fixed.unindexedRevs + 5; seq++) {
    room.ask(alice, 'message', { message: `word ${seq}` });
    indexed = marksOf(room.file).indexed;
    expect(seq - indexed).toBeLessThan(fixed.unindexedRevs);
  }
  expect(indexed).toBeGreaterThan(fixed.unindexedRevs);
  checkIndex(room.file);
  expect(found(room, 'word').slice(0, 2)).toEqual([
    2 * fixed.unindexedRevs + 5,
    2 * fixed.unindexedRevs + 4,
  ]);
});

it('all of many long messages are indexed, and found', () => {
  const room = new RoomAtHand();
  const long = 'long'.repeat(2_000);
  for (let seq = 1; seq < fixed.unindexedRevs; seq++) {
    room.ask(alice, 'message', { message: `word${seq} ${long}` });
  }
  expect(found(room, 'word1')).toEqual([1]);
  expect(checkIndex(room.file).indexed).toBe(fixed.unindexedRevs - 1);
  for (let seq = fixed.unindexedRevs; seq <= 3 * fixed.unindexedRevs; seq++) {
    room.ask(alice, 'message', { message: `word${seq} ${long}` });
  }
  checkIndex(room.file);
  for (let seq = 1; seq <= 3 * fixed.unindexedRevs; seq += 10) {
    expect(found(room, `"word${seq}"`)).toEqual([seq]);
  }
  expect(checkIndex(room.file).indexed).toBe(3 * fixed.unindexedRevs);
});

it('long messages that an earlier version left out of the index are indexed', () => {
  const room = new RoomAtHand();
  for (let seq = 1; seq <= 120; seq++) {
    room.ask(alice, 'message', { message: `word ${'long'.repeat(1_250)}` });
  }
  // As if an earlier version had left some out.
  room.file.run('UPDATE room SET indexed = rev');
  upgrade(room);
  expect(found(room, 'word')).toHaveLength(fixed.searchDefault);
  room.wakeWhileDue();
  expect(checkIndex(room.file)).toEqual({ unindexedTo: 0, indexed: 120 });
});

it('long messages of an import that an earlier version began are indexed', () => {
  const source = new RoomAtHand();
  for (let seq = 1; seq <= 3; seq++) {
    source.ask(alice, 'message', { message: `word ${'long'.repeat(100)}` });
  }
  const lines = exportOf(source).split('\n');
  const room = new RoomAtHand();
  room.ask(admin, 'importRoom', { text: lines.slice(0, 3).join('\n'), line: 1 });
  upgrade(room);
  room.ask(admin, 'importRoom', { text: lines.slice(3).join('\n'), line: 4 });
  expect(found(room, 'word')).toEqual([3, 2, 1]);
  checkIndex(room.file);
});

it.each(['index', 'rewriting'])(
  'a room whose index is being rewritten, phase `%s`, is indexed again, and the rewriting ends',
  (phase) => {
    const room = new RoomAtHand();
    const gone = person('gone');
    for (let seq = 1; seq <= 1_000; seq++) {
      room.ask(seq % 2 === 0 ? alice : gone, 'message', { message: manyWords(seq) });
    }
    expect(found(room, 'word7')).toHaveLength(20);
    room.ask(admin, 'eraseUser', { userId: 'gone' });
    const phases = () => room.file.all<{ phase: string }>('SELECT phase FROM erasures');
    while (!phases().some((row) => row.phase === phase)) room.wake();
    upgrade(room);
    room.wakeWhileDue();
    expect(room.failures).toEqual([]);
    expect(phases()).toEqual([]);
    expect(checkIndex(room.file).unindexedTo).toBe(0);
  },
);

it('an erased user and expired messages are removed, whether they are indexed yet or not', () => {
  const room = new RoomAtHand();
  talk(room);
  const gone = person('gone');
  for (const text of ['brown cherry', 'brown apple']) room.ask(gone, 'message', { message: text });
  expect(found(room, 'brown')).toEqual([9, 8]);
  room.ask(gone, 'message', { message: 'black cherry' });
  room.ask(admin, 'eraseUser', { userId: 'gone' });
  room.wakeWhileDue();
  checkIndex(room.file);
  expect([found(room, 'brown'), found(room, 'black')]).toEqual([[], []]);
  room.ask(alice, 'message', { message: 'late apple' });
  room.ask(alice, 'updateRoom', { retentionDays: 1 });
  room.now += 2 * 86_400_000;
  room.ask(alice, 'message', { message: 'next apple' });
  room.wakeWhileDue();
  const { indexed } = checkIndex(room.file);
  expect(found(room, 'apple')).toHaveLength(1);
  expect(indexed).toBeLessThan(checkIndex(room.file).indexed);
  expect(room.failures).toEqual([]);
});

it('a room exported before it is fully indexed is fully indexed in the room that imports it', () => {
  const room = new RoomAtHand();
  talk(room);
  const taken = new RoomAtHand();
  const lines = exportOf(room).split('\n');
  const half = Math.floor(lines.length / 2);
  taken.ask(admin, 'importRoom', { text: lines.slice(0, half).join('\n'), line: 1 });
  taken.ask(admin, 'importRoom', { text: lines.slice(half).join('\n'), line: half + 1 });
  taken.ask(alice, 'message', { message: 'new apple' });
  expect(checkIndex(taken.file).indexed).toBe(7);
  expect(found(taken, 'apple')).toEqual([8, 4, 3, 2, 1]);
  expect(found(taken, 'cherry')).toEqual([7, 6, 5]);
  checkIndex(taken.file);
});

/** The schema versions whose index held the messages' texts. */
const withText = oldVersions.filter((version) => version < 7);

describe.each(withText)('a room of schema %i', (version) => {
  it('is indexed again in steps, the newest messages first, and searched in the meantime', () => {
    const room = new RoomAtHand();
    for (const statement of oldRoom(version)) room.file.run(statement);
    const first = 10;
    const last = 4 * fixed.stepRows;
    for (let seq = first; seq <= last; seq++) {
      const words = seq % 1_000 === first ? 'old plums' : 'old';
      room.file.run(
        `INSERT INTO messages (seq, rev, id, sender_id, sender, unverified, message, timestamp)
          VALUES (?, ?, ?, 'alice', 'Alice', 0, ?, 5000)`,
        seq,
        seq,
        `said-${seq}`,
        words,
      );
    }
    room.file.run(`UPDATE room SET rev = ${last}`);
    if (version >= 5) room.file.run(`UPDATE room SET indexed = ${last}`);
    room.file.commit();
    room.crash();
    expect(room.wakeAt).toBeUndefined();
    expect(found(room, 'plum')).toEqual([]);
    expect(checkIndex(room.file)).toEqual({ unindexedTo: last - fixed.stepRows, indexed: last });
    expect(room.wakeAt).toBeLessThanOrEqual(room.now);
    // Old messages change before they are indexed.
    room.ask(alice, 'editMessage', { seq: 3, message: 'peaches' });
    room.ask(alice, 'deleteMessage', { seq: 1_010 });
    room.ask(alice, 'message', { message: 'new plums' });
    expect(found(room, 'plum')).toEqual([last + 3]);
    room.crash();
    room.ask(alice, 'getHistory', {});
    for (let before = marksOf(room.file).unindexedTo; before > 0;) {
      room.wake();
      const { unindexedTo } = checkIndex(room.file);
      expect(before - unindexedTo).toBeLessThan(fixed.stepRows + first);
      before = unindexedTo;
    }
    expect(room.wakeAt).toBeUndefined();
    expect([found(room, 'plum'), found(room, 'peach')]).toEqual([[last + 3, first], [3]]);
    checkIndex(room.file);
    expect(room.failures).toEqual([]);
  });
});

it('the long messages of an old room are indexed a few at a time', () => {
  const room = new RoomAtHand();
  const version = withText.at(-1)!;
  for (const statement of oldRoom(version)) room.file.run(statement);
  for (let seq = 10; seq < 400; seq++) {
    room.file.run(
      `INSERT INTO messages (seq, rev, id, sender_id, sender, unverified, message, timestamp)
        VALUES (${seq}, ${seq}, 'said-${seq}', 'alice', 'Alice', 0, ?, 5000)`,
      `${'long'.repeat(2_500)} word`,
    );
  }
  room.file.run('UPDATE room SET rev = 400, indexed = 400');
  room.file.commit();
  room.crash();
  expect(found(room, 'word')).toHaveLength(fixed.searchDefault);
  expect(marksOf(room.file).unindexedTo).toBeGreaterThan(200);
  expect(room.wakeWhileDue()).toBeGreaterThan(2);
  checkIndex(room.file);
});

it('the index is built after an import that an earlier version began', () => {
  const source = new RoomAtHand();
  talk(source);
  const lines = exportOf(source).split('\n');
  const room = new RoomAtHand();
  for (const statement of oldRoom(5)) room.file.run(statement);
  room.file.run('DELETE FROM messages WHERE seq > 1');
  room.file.run(`UPDATE room SET importing = 1, rev = 0, indexed = ${Number.MAX_SAFE_INTEGER}`);
  room.file.commit();
  room.crash();
  room.ask(admin, 'importRoom', { text: lines.slice(2).join('\n'), line: 3 });
  expect(checkIndex(room.file)).toEqual({ unindexedTo: 7, indexed: 7 });
  expect(room.wakeWhileDue()).toBeGreaterThan(0);
  expect(found(room, 'apple')).toEqual([4, 3, 2]);
  expect(checkIndex(room.file)).toEqual({ unindexedTo: 0, indexed: 7 });
});

it('the index stays consistent with the messages, whichever statement fails', () => {
  let failures = 0;
  for (let failAfter = 0; ; failAfter++) {
    const isOver = withHarness({ COMMAND_BURST: '100000' }, (harness) => {
      const one = new Listener(harness, alice);
      for (let at = 2; at < 5; at++) one.ask('message', { message: 'apple' });
      // The `rev` that as many reactions would have reached, so that the next message indexes.
      harness.file.run(`UPDATE room SET rev = ${fixed.unindexedRevs - 1}`);
      harness.sleep();
      one.ask('getMembers', {});
      harness.sql.failAfter = failAfter;
      for (const text of ['apple', 'apple', 'pear']) one.say('message', { message: text });
      one.say('editMessage', { seq: 2, message: 'plum' });
      one.say('searchMessages', { query: 'apple' });
      const hasFailed = harness.sql.failAfter === Infinity;
      harness.sql.failAfter = Infinity;
      harness.flush();
      checkIndex(harness.file);
      const late = new Listener(harness, alice, { history: 100 });
      const told = late.joined.messages.filter(({ message }) => message === 'apple');
      const { results } = late.ask('searchMessages', { query: 'apple', limit: 50 }) as unknown as {
        results: { seq: number }[];
      };
      expect(results.map(({ seq }) => seq)).toEqual(
        told
          .map(({ seq }) => seq)
          .toReversed()
          .slice(0, 50),
      );
      expect(checkIndex(harness.file).indexed).toBeGreaterThan(fixed.unindexedRevs - 2);
      if (hasFailed) failures++;
      return !hasFailed;
    });
    if (isOver) break;
  }
  expect(failures).toBeGreaterThan(20);
});

it('a search finds the beginning of many different words, page by page', () => {
  const room = new RoomAtHand();
  const bob = person('bob');
  const letters = (at: number) => String.fromCodePoint(97 + (at % 26), 97 + Math.floor(at / 26));
  const total = 2 * fixed.searchRead;
  const expected: number[] = [];
  for (let seq = 1; seq <= total; seq++) {
    // More words than a search names one by one; frequent in new messages, rare in old ones.
    const isHit = seq > total - 200 ? seq % 3 === 0 : seq % 40 === 0;
    const word = isHit
      ? `con${letters(seq % (3 * fixed.searchWords))}`
      : `other${letters(seq % 99)}`;
    room.ask(seq % 2 === 0 ? alice : bob, 'message', { message: `red ${word} blue` });
    if (isHit) expected.unshift(seq);
  }
  const gone = expected.splice(5, 1)[0]!;
  room.ask(admin, 'deleteMessage', { seq: gone });
  const search = (payload: object) => {
    const seqs: number[] = [];
    for (let before: number | undefined, hasMore = true; hasMore; before = seqs.at(-1)) {
      const page = { ...payload, limit: 20, ...(before !== undefined && { before }) };
      const reply = room.ask(admin, 'searchMessages', { query: 'con', ...page });
      seqs.push(...reply.results.map(({ seq }) => seq));
      ({ hasMore } = reply);
    }
    return seqs;
  };
  expect(search({})).toEqual(expected);
  expect(search({ query: 'red con' })).toEqual(expected);
  expect(search({ query: 'blue con' })).toEqual(expected);
  expect(search({ from: 'bob' })).toEqual(expected.filter((seq) => seq % 2 === 1));
  expect(search({ query: '"con"' })).toEqual([]);
});
