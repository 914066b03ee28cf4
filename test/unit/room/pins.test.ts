import { expect, it } from 'vitest';
import { admin, DAY_MS, exportOf, person, RoomAtHand } from '../../support/room-at-hand.ts';
import { refusal } from '../../support/visitor.ts';

const alice = person('alice');
const bob = person('bob');

/** A room that alice owns, with `count` messages of bob after hers. */
function founded(count = 3): RoomAtHand {
  const room = new RoomAtHand();
  room.ask(alice, 'message', { message: 'the first' });
  for (let at = 0; at < count; at++) room.ask(bob, 'message', { message: `words ${at}` });
  return room;
}

function pinsOf(room: RoomAtHand): number[] | undefined {
  return room.ask(alice, 'getRoom', {}).room.pins;
}

function pinnedSeqs(room: RoomAtHand, after?: number): number[] {
  return room.ask(alice, 'getPins', { after }).messages.map(({ seq }) => seq);
}

it('[PIN1] a message is pinned once, and the latest pin comes first', () => {
  const room = founded();
  const seq = 2;
  expect(pinsOf(room)).toBeUndefined();
  expect(room.ask(alice, 'pinMessage', { seq }).pins).toEqual([2]);
  const listener = room.join(bob);
  expect(room.ask(alice, 'pinMessage', { seq: 1 }).pins).toEqual([1, 2]);
  expect(room.ask(alice, 'pinMessage', { seq }).pins).toEqual([1, 2]);
  expect(pinnedSeqs(room)).toEqual([1, 2]);
  expect(room.ask(alice, 'unpinMessage', { seq: 1 }).pins).toEqual([2]);
  expect(room.ask(alice, 'unpinMessage', { seq: 1 }).pins).toEqual([2]);
  expect(listener.joined.room.pins).toEqual([2]);
  const { roomId } = room;
  expect(listener.heard('pinsUpdated')).toEqual([
    { roomId, pins: [1, 2], by: 'alice' },
    { roomId, pins: [2], by: 'alice' },
  ]);
});

it('[PIN1] pinning is refused below moderators, and for a seq that is no message', () => {
  const room = founded();
  for (const name of ['pinMessage', 'unpinMessage'] as const) {
    const problem = refusal(room.execute(bob, name, { seq: 1 }));
    expect(problem).toMatchObject({ code: 'forbidden', message: 'Only a moderator may do this.' });
  }
  room.ask(alice, 'setRole', { userId: 'bob', role: 'moderator' });
  room.ask(bob, 'pinMessage', { seq: 1 });
  room.ask(alice, 'deleteMessage', { seq: 2 });
  for (const seq of [2, 99]) {
    expect(refusal(room.execute(bob, 'pinMessage', { seq })).code).toBe('message_not_found');
  }
  expect(room.ask(bob, 'unpinMessage', { seq: 99 }).pins).toEqual([1]);
});

it('[PIN1] both users of a direct room may pin, unless they are muted', () => {
  const room = new RoomAtHand('direct:of-two');
  room.ask(admin, 'openDirect', { userId: 'alice', other: 'bob' });
  room.ask(alice, 'message', { message: 'for two' });
  const { seq } = room.ask(bob, 'message', { message: 'yes' }).message;
  room.ask(bob, 'pinMessage', { seq: 1 });
  expect(room.ask(alice, 'pinMessage', { seq }).pins).toEqual([seq, 1]);
  room.ask(admin, 'muteMember', { userId: 'bob' });
  expect(refusal(room.execute(bob, 'unpinMessage', { seq })).code).toBe('muted');
  expect(refusal(room.execute(person('eve'), 'getPins', {})).code).toBe('room_not_found');
});

it('[PIN1] a room has at most 50 pins', () => {
  const room = founded(50);
  for (let seq = 1; seq <= 50; seq++) room.ask(alice, 'pinMessage', { seq });
  expect(refusal(room.execute(alice, 'pinMessage', { seq: 51 }))).toEqual({
    code: 'conflict',
    message: 'This room has 50 pins; unpin a message first.',
  });
  room.ask(alice, 'pinMessage', { seq: 50 });
  room.ask(alice, 'unpinMessage', { seq: 7 });
  expect(room.ask(alice, 'pinMessage', { seq: 51 }).pins).toHaveLength(50);
});

it('[PIN2] pins survive a crash, and change no rev', () => {
  const room = founded();
  const { rev } = room;
  room.ask(alice, 'pinMessage', { seq: 3 });
  room.ask(alice, 'pinMessage', { seq: 2 });
  room.crash();
  expect([pinsOf(room), room.rev]).toEqual([[2, 3], rev]);
  expect(room.join(bob).joined.room.pins).toEqual([2, 3]);
});

it('[PIN2] pinned messages come in pages of bounded size', () => {
  const room = new RoomAtHand();
  for (let at = 0; at < 50; at++) {
    const { seq } = room.ask(alice, 'message', { message: '你'.repeat(2_700) }).message;
    room.ask(alice, 'pinMessage', { seq });
  }
  room.ask(alice, 'addReaction', { seq: 50, emoji: '👍' });
  const first = room.ask(alice, 'getPins', {});
  expect(first.myReactions).toEqual({ 50: ['👍'] });
  const seqs = first.messages.map(({ seq }) => seq);
  expect(first.hasMore).toBe(true);
  const rest = room.ask(alice, 'getPins', { after: seqs.at(-1) });
  expect(rest.hasMore).toBe(false);
  expect([...seqs, ...rest.messages.map(({ seq }) => seq)]).toEqual(pinsOf(room));
});

it('[PIN3] deleting a message unpins it, with an event to every connection', () => {
  const room = founded();
  for (const seq of [2, 3]) room.ask(alice, 'pinMessage', { seq });
  const listener = room.join(bob);
  room.ask(bob, 'deleteMessage', { seq: 2 });
  expect(listener.heard('pinsUpdated')).toEqual([{ roomId: room.roomId, pins: [3] }]);
  expect(pinsOf(room)).toEqual([3]);
  room.ask(bob, 'deleteMessage', { seq: 3 });
  expect([pinsOf(room), pinnedSeqs(room)]).toEqual([undefined, []]);
});

it('[PIN3] erasing a user unpins their messages, but not those that they pinned', () => {
  const room = founded();
  room.ask(alice, 'setRole', { userId: 'bob', role: 'moderator' });
  for (const seq of [1, 2, 3]) room.ask(bob, 'pinMessage', { seq });
  const listener = room.join(alice);
  room.ask(admin, 'eraseUser', { userId: 'bob' });
  room.wakeWhileDue();
  expect(pinsOf(room)).toEqual([1]);
  expect(listener.heard('pinsUpdated').at(-1)).toEqual({ roomId: room.roomId, pins: [1] });
  expect(JSON.stringify(room.ask(alice, 'getAudit', {}))).not.toContain('bob');
  expect(room.bytes().includes('bob')).toBe(false);
});

it('[PIN3] retention unpins the messages that it removes', () => {
  const room = founded();
  room.ask(alice, 'updateRoom', { retentionDays: 7 });
  for (const seq of [1, 2]) room.ask(alice, 'pinMessage', { seq });
  room.now += 3 * DAY_MS;
  const { seq } = room.ask(bob, 'message', { message: 'younger' }).message;
  room.ask(alice, 'pinMessage', { seq });
  room.now += 4 * DAY_MS + 1;
  const listener = room.join(bob);
  room.wakeWhileDue();
  expect([pinsOf(room), pinnedSeqs(room)]).toEqual([[seq], [seq]]);
  expect(listener.heard('pinsUpdated').at(-1)?.pins).toEqual([seq]);
  expect(listener.heard('roomUpdated').at(-1)?.pins).toEqual([seq]);
});

it('[PIN3] an import takes the pins of messages that exist', () => {
  const source = founded();
  for (const seq of [2, 1, 3]) source.ask(alice, 'pinMessage', { seq });
  source.ask(bob, 'deleteMessage', { seq: 3 });
  const text = exportOf(source);
  expect(text).toContain('"pins":[1,2]');
  const copy = new RoomAtHand();
  const pins = [9, 3, 2, 2, 1];
  const changed = text.replace('"pins":[1,2]', `"pins":${JSON.stringify(pins)}`);
  copy.ask(admin, 'importRoom', { text: changed, line: 1 });
  expect(pinsOf(copy)).toEqual([2, 1]);
});

it('[PIN1] the audit list has pins', () => {
  const room = founded();
  room.ask(alice, 'pinMessage', { seq: 2 });
  room.ask(alice, 'pinMessage', { seq: 2 });
  room.ask(alice, 'unpinMessage', { seq: 2 });
  const acts = room.ask(alice, 'getAudit', {}).acts.map(({ act, by, seq }) => [act, by, seq]);
  expect(acts).toEqual([
    ['unpinMessage', 'alice', 2],
    ['pinMessage', 'alice', 2],
  ]);
});
