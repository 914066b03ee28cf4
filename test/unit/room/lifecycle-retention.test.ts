import { statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkIndex } from '../../support/check-index.ts';
import { admin, DAY_MS, person, RoomAtHand } from '../../support/room-at-hand.ts';
import { refusal } from '../../support/visitor.ts';

const alice = person('alice');
const bob = person('bob');

/** A room whose owner keeps messages for a week. */
function forgetful(): RoomAtHand {
  const room = new RoomAtHand();
  room.ask(alice, 'message', { message: 'the first' });
  room.ask(alice, 'updateRoom', { retentionDays: 7 });
  return room;
}

function say(room: RoomAtHand, count: number, text = 'chatter'): void {
  for (let at = 0; at < count; at++) {
    room.ask(at % 2 === 0 ? alice : bob, 'message', { message: `${text} ${at}` });
  }
}

function seqsOf(room: RoomAtHand): number[] {
  return room.ask(alice, 'getMissed', { after: '0:0' }).messages.map(({ seq }) => seq);
}

it('retention sets the wakeup to the expiry of the oldest message', () => {
  const room = new RoomAtHand();
  const began = room.now;
  say(room, 3);
  expect(room.wakeAt).toBeUndefined();
  room.ask(alice, 'updateRoom', { retentionDays: 7 });
  expect(room.wakeAt).toBe(began + 7 * DAY_MS + 1);
  room.wake();
  expect(seqsOf(room)).toEqual([1, 2, 3]);
  expect(room.wakeAt).toBe(began + 7 * DAY_MS + 1);
  room.ask(alice, 'updateRoom', { retentionDays: null });
  expect(room.wakeAt).toBeUndefined();
});

it('retention removes expired messages with their dependents, and sends the new horizon', () => {
  const room = forgetful();
  room.ask(bob, 'message', { message: 'hello zebra', mentions: ['alice'] });
  room.ask(alice, 'addReaction', { seq: 2, emoji: '👍' });
  room.ask(bob, 'message', { message: 'deleted zebra' });
  room.ask(bob, 'deleteMessage', { seq: 4 });
  expect(room.ask(bob, 'searchMessages', { query: 'zebra' }).results).toHaveLength(1);
  room.now += 3 * DAY_MS;
  room.ask(bob, 'message', { message: 'younger zebra', mentions: ['alice'] });
  room.now += 4 * DAY_MS + 1;
  const listener = room.join(bob);
  room.wakeWhileDue();
  expect(room.ask(alice, 'getHistory', {}).messages.map(({ message }) => message)).toEqual([
    'younger zebra',
  ]);
  expect(room.ask(bob, 'getRoom', {}).room.horizon).toBe(6);
  expect(listener.heard('roomUpdated')).toEqual([expect.objectContaining({ horizon: 6 })]);
  const found = room.ask(bob, 'searchMessages', { query: 'zebra' });
  expect(found.results.map(({ seq }) => seq)).toEqual([6]);
  expect([room.count('messages'), room.count('mentions'), room.count('reactions')]).toEqual([
    1, 1, 0,
  ]);
  expect(refusal(room.execute(alice, 'getMessage', { seq: 2 })).code).toBe('message_not_found');
  expect(room.failures).toEqual([]);
});

it('retention removes 500 messages a step, sends one event, and shrinks the file', () => {
  const room = forgetful();
  say(room, 2_400, 'something to say that takes some place in the file, '.repeat(10));
  room.now += 8 * DAY_MS;
  room.ask(bob, 'message', { message: 'kept' });
  room.file.close();
  const before = statSync(room.path).size;
  const listener = room.join(bob);
  const counts = [room.count('messages')];
  while ((room.wakeAt ?? Infinity) <= room.now) {
    room.wake();
    counts.push(room.count('messages'));
  }
  expect(counts.slice(0, 6)).toEqual([2_402, 1_902, 1_402, 902, 402, 1]);
  expect(listener.heard('roomUpdated')).toHaveLength(1);
  expect(seqsOf(room)).toEqual([2_402]);
  checkIndex(room.file);
  room.file.close();
  expect(statSync(room.path).size).toBeLessThan(before / 8);
});

it('retention continues where it was when the room is evicted between any two steps', () => {
  const room = forgetful();
  say(room, 1_700);
  room.now += 8 * DAY_MS;
  room.ask(bob, 'message', { message: 'kept' });
  room.wakeAt = room.now;
  let steps = 0;
  while (room.wakeAt !== undefined && room.wakeAt <= room.now) {
    room.wake();
    const { horizon } = room.ask(bob, 'getRoom', {}).room;
    expect(seqsOf(room)[0]).toBe(horizon);
    room.crash();
    steps++;
  }
  expect(steps).toBeGreaterThan(3);
  expect(seqsOf(room)).toEqual([1_702]);
});

it('retention runs at most once a day, and sets no wakeup when no messages are left', () => {
  const room = forgetful();
  room.now += 8 * DAY_MS;
  say(room, 1);
  expect(room.wakeWhileDue()).toBeGreaterThan(0);
  const forgot = room.now;
  room.ask(alice, 'updateRoom', { retentionDays: 1 });
  room.now += DAY_MS - 1;
  expect(room.wakeWhileDue()).toBe(0);
  expect(room.wakeAt).toBe(forgot + DAY_MS + 1);
  room.now += 2;
  expect(room.wakeWhileDue()).toBeGreaterThan(0);
  expect(seqsOf(room)).toEqual([]);
  expect(room.ask(bob, 'getRoom', {}).room.horizon).toBe(3);
  expect(room.wakeAt).toBeUndefined();
  say(room, 1);
  expect(room.wakeAt).toBe(room.now + DAY_MS + 1);
});

it('clients that resume after retention get everything that is left, without a reset', () => {
  const room = forgetful();
  const [epoch] = room.join(bob).joined.position.split(':');
  say(room, 20);
  room.now += 8 * DAY_MS;
  say(room, 5, 'later');
  room.wakeWhileDue();
  for (const since of ['0:0', `${epoch}:1`, `${epoch}:21`, `${epoch}:24`, `${epoch}:26`]) {
    const { joined } = room.join(person(`back from ${since}`), { since });
    expect(joined.reset, since).toBeUndefined();
    expect(joined.complete, since).toBe(true);
    expect(joined.room.horizon, since).toBe(22);
    const from = Math.max(22, Number(since.split(':')[1]) + 1);
    expect(joined.missed?.map(({ seq }) => seq)).toEqual(
      [22, 23, 24, 25, 26].filter((seq) => seq >= from),
    );
  }
  expect(room.join(alice, { since: `${epoch}:27` }).joined.reset).toBe(true);
  expect(room.join(alice, { since: 'elsewhere:3' }).joined.reset).toBe(true);
});

it('only owners may set the retention', () => {
  const room = forgetful();
  expect(refusal(room.execute(bob, 'updateRoom', { retentionDays: 1 })).code).toBe('forbidden');
  expect(room.ask(admin, 'updateRoom', { retentionDays: 1 }).room.retentionDays).toBe(1);
});
