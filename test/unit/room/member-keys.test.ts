import { expect, it } from 'vitest';
import { fixed } from '../../../src/protocol/codes/limits.ts';
import { oldRoom } from '../../contract/old-rooms.ts';
import { person, RoomAtHand } from '../../support/room-at-hand.ts';

const alice = person('alice');

function found(room: RoomAtHand, prefix: string): string[] {
  return room.ask(alice, 'getMembers', { prefix }).members.map(({ userId }) => userId);
}

it('a search finds members by their current name', () => {
  const room = new RoomAtHand();
  room.ask(alice, 'message', { message: 'welcome' });
  room.ask({ userId: 'u-1', name: 'Łucja Nowak' }, 'message', { message: 'hi' });
  expect([found(room, 'now'), found(room, 'U-1')]).toEqual([['u-1'], ['u-1']]);
  room.ask({ userId: 'u-1', name: 'Łucja Kowal' }, 'message', { message: 'married' });
  expect([found(room, 'now'), found(room, 'kow')]).toEqual([[], ['u-1']]);
});

it('a search finds no user who is off the list', () => {
  const room = new RoomAtHand();
  room.ask(alice, 'message', { message: 'welcome' });
  room.ask({ userId: 'u-1', name: 'Ben' }, 'message', { message: 'hi' });
  room.ask(alice, 'setRole', { userId: 'u-1', role: 'none' });
  expect(found(room, 'ben')).toEqual([]);
  room.ask({ userId: 'u-1', name: 'Ben' }, 'message', { message: 'back' });
  expect(found(room, 'ben')).toEqual(['u-1']);
});

it('a search treats SQL and pattern characters in a prefix as text', () => {
  const room = new RoomAtHand();
  room.ask(alice, 'message', { message: 'welcome' });
  room.ask({ userId: 'u-1', name: '100% *.' }, 'message', { message: 'hi' });
  expect(found(room, '100%')).toEqual(['u-1']);
  for (const prefix of ['%', '_', '*', "'", '\u{10FFFF}']) expect(found(room, prefix)).toEqual([]);
});

it("an old room's keys are written in bounded steps, and a search finds members before that", () => {
  const room = new RoomAtHand();
  for (const statement of oldRoom(5)) room.file.run(statement);
  for (let at = 0; at < 3 * fixed.stepRows; at++) {
    room.file.run(
      "INSERT INTO members (user_id, username, unverified, role) VALUES (?, 'Zoe Old', 0, 'member')",
      `u-${String(at).padStart(4, '0')}`,
    );
  }
  room.file.commit();
  room.crash();
  const keyed = () => room.count('(SELECT DISTINCT user_id FROM member_keys)');
  // The first search runs the first step.
  expect(found(room, 'alice')).toEqual(['alice']);
  expect(keyed()).toBe(fixed.stepRows);
  expect(room.wakeAt).toBeLessThanOrEqual(room.now);
  // A member who is renamed before their keys are written is found by the new name only.
  room.ask({ userId: 'u-1499', name: 'Zoe Young' }, 'message', { message: 'renamed' });
  room.crash();
  room.ask(alice, 'getHistory', {});
  for (let before = keyed(); room.wakeAt !== undefined; before = keyed()) {
    room.wake();
    expect(keyed() - before).toBeLessThanOrEqual(fixed.stepRows);
  }
  expect(keyed()).toBe(3 * fixed.stepRows + 2);
  expect([found(room, 'young'), found(room, 'u-0000')]).toEqual([['u-1499'], ['u-0000']]);
  expect(room.failures).toEqual([]);
});
