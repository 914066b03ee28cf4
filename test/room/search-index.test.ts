import { expect, it } from 'vitest';
import { fixed } from '../../src/protocol/limits.ts';
import { oldRoom } from '../contract/old-rooms.ts';
import { admin, exportOf, person, RoomAtHand } from '../support/room-at-hand.ts';
import { onStage } from './on-stage.ts';
import { Listener } from './listener.ts';
import type { SqliteFile } from '../../local-server/sqlite-file.ts';

const alice = person('alice');
const bob = person('bob');

function found(room: RoomAtHand, query: string): number[] {
  return room.ask(bob, 'searchMessages', { query }).results.map(({ seq }) => seq);
}

function numbersIn(file: SqliteFile, column: string, rest: string): number[] {
  return file.all<{ n: number }>(`SELECT ${column} AS n FROM ${rest}`).map(({ n }) => n);
}

function markOf(file: SqliteFile): number {
  return numbersIn(file, 'indexed', 'room')[0] ?? 0;
}

/** The index is whole, and holds what the messages up to its mark hold. @returns the mark */
function checkIndex(file: SqliteFile): number {
  file.run("INSERT INTO search (search) VALUES ('integrity-check')");
  const indexed = markOf(file);
  const due = `messages WHERE deleted_at IS NULL AND seq <= ${indexed} ORDER BY seq`;
  expect(numbersIn(file, 'id', 'search_docsize ORDER BY id')).toEqual(numbersIn(file, 'seq', due));
  return indexed;
}

/** Words for a message that is already in the index and for one that is not. */
function talk(room: RoomAtHand): void {
  for (const text of ['red apple', 'green apple', 'blue apple', 'old apple']) {
    room.ask(alice, 'message', { message: text });
  }
  expect(found(room, 'apple')).toEqual([4, 3, 2, 1]);
  for (const text of ['red cherry', 'green cherry', 'blue cherry']) {
    room.ask(alice, 'message', { message: text });
  }
}

it('finds what was said last, and in the words of now, whatever was changed or taken back', () => {
  const room = new RoomAtHand();
  talk(room);
  expect(checkIndex(room.file)).toBe(4);
  room.ask(alice, 'editMessage', { seq: 1, message: 'red pear' });
  room.ask(alice, 'deleteMessage', { seq: 2 });
  room.ask(alice, 'editMessage', { seq: 5, message: 'red plum' });
  room.ask(alice, 'deleteMessage', { seq: 6 });
  expect(checkIndex(room.file)).toBe(4);
  expect(found(room, 'apple')).toEqual([4, 3]);
  expect([found(room, 'pear'), found(room, 'plum')]).toEqual([[1], [5]]);
  expect(found(room, 'cherry')).toEqual([7]);
  expect(checkIndex(room.file)).toBe(11);
});

it('is never further behind than its bound, and writes nothing for a room without messages', () => {
  const room = new RoomAtHand();
  expect(found(room, 'word')).toEqual([]);
  expect(room.file.isEmpty()).toBe(true);
  let indexed = 0;
  for (let seq = 1; seq <= 2 * fixed.unindexedRevs + 5; seq++) {
    room.ask(alice, 'message', { message: `word ${seq}` });
    indexed = markOf(room.file);
    expect(seq - indexed).toBeLessThan(fixed.unindexedRevs);
  }
  expect(indexed).toBeGreaterThan(fixed.unindexedRevs);
  checkIndex(room.file);
  expect(found(room, 'word').slice(0, 2)).toEqual([
    2 * fixed.unindexedRevs + 5,
    2 * fixed.unindexedRevs + 4,
  ]);
});

it('lets a person and old messages go from both sides of its mark', () => {
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
  const indexed = checkIndex(room.file);
  expect(found(room, 'apple')).toHaveLength(1);
  expect(indexed).toBeLessThan(checkIndex(room.file));
  expect(room.failures).toEqual([]);
});

it('goes with a room that is exported amid it, and goes on in the one that takes it in', () => {
  const room = new RoomAtHand();
  talk(room);
  const taken = new RoomAtHand();
  const lines = exportOf(room).split('\n');
  const half = Math.floor(lines.length / 2);
  taken.ask(admin, 'importRoom', { text: lines.slice(0, half).join('\n'), line: 1 });
  taken.ask(admin, 'importRoom', { text: lines.slice(half).join('\n'), line: half + 1 });
  taken.ask(alice, 'message', { message: 'new apple' });
  expect(checkIndex(taken.file)).toBe(7);
  expect(found(taken, 'apple')).toEqual([8, 4, 3, 2, 1]);
  expect(found(taken, 'cherry')).toEqual([7, 6, 5]);
  checkIndex(taken.file);
});

it('is taken over from a room that an earlier version has half brought in', () => {
  const room = new RoomAtHand();
  const { file } = room;
  // The last schema without a mark.
  const left = [...oldRoom(4), 'UPDATE room SET importing = 1, rev = 0'];
  for (const statement of left) file.run(statement);
  file.commit();
  room.crash();
  expect(markOf(file)).toBe(Number.MAX_SAFE_INTEGER);
});

it('is whole or not at all behind each message and each search, whichever statement fails', () => {
  let failures = 0;
  for (let failAfter = 0; ; failAfter++) {
    const isOver = onStage({ COMMAND_BURST: '100000' }, (stage) => {
      const one = new Listener(stage, alice);
      for (let at = 2; at < fixed.unindexedRevs; at++) one.ask('message', { message: 'apple' });
      stage.sql.failAfter = failAfter;
      for (const text of ['apple', 'apple', 'pear']) one.say('message', { message: text });
      one.say('editMessage', { seq: 2, message: 'plum' });
      one.say('searchMessages', { query: 'apple' });
      const hasFailed = stage.sql.failAfter === Infinity;
      stage.sql.failAfter = Infinity;
      stage.flush();
      checkIndex(stage.file);
      const late = new Listener(stage, alice, { history: 100 });
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
      expect(checkIndex(stage.file)).toBeGreaterThan(fixed.unindexedRevs - 2);
      if (hasFailed) failures++;
      return !hasFailed;
    });
    if (isOver) break;
  }
  expect(failures).toBeGreaterThan(20);
});
