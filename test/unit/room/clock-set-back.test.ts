import { expect, it } from 'vitest';
import { person, RoomAtHand } from '../../support/room-at-hand.ts';
import { refusal } from '../../support/visitor.ts';

const HOUR_MS = 3_600_000;
const olga = person('olga');
const bob = person('bob');

/** A room that olga owns and that has bob as a member. */
function founded(): RoomAtHand {
  const room = new RoomAtHand();
  room.ask(olga, 'message', { message: 'mine' });
  room.ask(bob, 'message', { message: 'hi' });
  return room;
}

it('[ROOM5] a clock set back by an hour makes a mute last an hour longer, unless it is ended', () => {
  const room = founded();
  room.ask(olga, 'muteMember', { userId: 'bob', seconds: 60 });
  room.now -= HOUR_MS;
  expect(refusal(room.execute(bob, 'message', { message: 'hi' }))).toMatchObject({
    code: 'muted',
    retryAfterMs: HOUR_MS + 60_000,
  });
  room.ask(olga, 'unmuteMember', { userId: 'bob' });
  const times = room.ask(olga, 'getHistory', {}).messages.map(({ timestamp }) => timestamp);
  const { message } = room.ask(bob, 'message', { message: 'hi again' });
  expect(message.timestamp).toBe(Math.max(...times));
});

it('[ROOM5] a clock set back by an hour makes a kick last an hour longer, unless it is replaced', () => {
  const room = founded();
  room.ask(olga, 'kickMember', { userId: 'bob', seconds: 60 });
  room.now -= HOUR_MS;
  expect(refusal(room.execute(bob, 'getHistory', {}))).toMatchObject({
    code: 'forbidden',
    retryAfterMs: HOUR_MS + 60_000,
  });
  room.ask(olga, 'kickMember', { userId: 'bob', seconds: 1 });
  room.now += 1_000;
  room.ask(bob, 'getHistory', {});
});
