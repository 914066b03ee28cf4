import { expect, it } from 'vitest';
import { DAY_MS, person, RoomAtHand } from '../../support/room-at-hand.ts';

const alice = person('alice');

/** The `seq`s of the page of history that begins at a time, and its `hasMore`. */
function pageAt(room: RoomAtHand, at: number, more: { limit?: number; thread?: number } = {}) {
  const { messages, hasMore } = room.ask(alice, 'getHistory', { at, ...more });
  return [messages.map(({ seq }) => seq), hasMore];
}

it('[HIST2] the page at a time is empty in a room without messages', () => {
  expect(pageAt(new RoomAtHand(), 0)).toEqual([[], false]);
});

it('[HIST2] the page at a time begins with the first message at or after it', () => {
  const room = new RoomAtHand();
  const times = new Map<number, number>();
  for (let at = 0; at < 40; at++) {
    room.now += at % 3 === 0 ? 0 : 1_000;
    const { seq, timestamp } = room.ask(alice, 'message', { message: `words ${at}` }).message;
    times.set(seq, timestamp);
    // Each edit takes a `rev`, so that the `seq`s have gaps.
    for (let edit = 0; edit < at % 4; edit++) {
      room.ask(alice, 'editMessage', { seq, message: `words ${at}, ${edit}` });
    }
  }
  const all = [...times.keys()];
  for (let at = 1_700_000_000_000 - 1; at < room.now + 2_000; at += 500) {
    const after = all.filter((seq) => times.get(seq)! >= at);
    expect(pageAt(room, at, { limit: 7 }), String(at)).toEqual([
      after.slice(0, 7),
      after.length > 7,
    ]);
  }
  expect(pageAt(room, Number.MAX_SAFE_INTEGER)).toEqual([[], false]);
});

it('[HIST2] the page at a time has deleted messages, none that expired, and may be of a thread', () => {
  const room = new RoomAtHand();
  const began = room.now;
  room.ask(alice, 'message', { message: 'old' });
  room.ask(alice, 'updateRoom', { retentionDays: 7 });
  room.now += 5 * DAY_MS;
  const root = room.ask(alice, 'message', { message: 'root' }).message.seq;
  const reply = room.ask(alice, 'message', { message: 'reply', replyTo: root }).message.seq;
  room.ask(alice, 'deleteMessage', { seq: root });
  room.now += 3 * DAY_MS;
  room.wakeWhileDue();
  expect(pageAt(room, began)).toEqual([[root, reply], false]);
  expect(pageAt(room, began, { thread: root })).toEqual([[reply], false]);
  expect(pageAt(room, room.now)).toEqual([[], false]);
});
