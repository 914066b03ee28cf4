import { expect, it } from 'vitest';
import { person, RoomAtHand } from '../../support/room-at-hand.ts';

const alice = person('alice');

function found(room: RoomAtHand, prefix: string): string[] {
  return room.ask(alice, 'getMembers', { prefix }).members.map(({ userId }) => userId);
}

it('finds members by their current name', () => {
  const room = new RoomAtHand();
  room.ask(alice, 'message', { message: 'welcome' });
  room.ask({ userId: 'u-1', name: 'Łucja Nowak' }, 'message', { message: 'hi' });
  expect([found(room, 'now'), found(room, 'U-1')]).toEqual([['u-1'], ['u-1']]);
  room.ask({ userId: 'u-1', name: 'Łucja Kowal' }, 'message', { message: 'married' });
  expect([found(room, 'now'), found(room, 'kow')]).toEqual([[], ['u-1']]);
});

it('finds no one who is off the list', () => {
  const room = new RoomAtHand();
  room.ask(alice, 'message', { message: 'welcome' });
  room.ask({ userId: 'u-1', name: 'Ben' }, 'message', { message: 'hi' });
  room.ask(alice, 'setRole', { userId: 'u-1', role: 'none' });
  expect(found(room, 'ben')).toEqual([]);
  room.ask({ userId: 'u-1', name: 'Ben' }, 'message', { message: 'back' });
  expect(found(room, 'ben')).toEqual(['u-1']);
});

it('treats SQL and pattern characters in a prefix as text', () => {
  const room = new RoomAtHand();
  room.ask(alice, 'message', { message: 'welcome' });
  room.ask({ userId: 'u-1', name: '100% *.' }, 'message', { message: 'hi' });
  expect(found(room, '100%')).toEqual(['u-1']);
  for (const prefix of ['%', '_', '*', "'", '\u{10FFFF}']) expect(found(room, prefix)).toEqual([]);
});
