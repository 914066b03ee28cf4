import { expect, it } from 'vitest';
import { PresenceSnapshot } from '../../../src/following/presence-snapshot.ts';
import { eventLine } from '../../../src/protocol/frames.ts';

const anna = { userId: 'anna', username: 'Anna' };
const ben = { userId: 'ben', username: 'Ben' };
const member = { role: 'none', online: true, roomId: 'r', by: 'anna' };

it('a presence snapshot shows a user with their newest name', () => {
  const here = new PresenceSnapshot([anna, ben]);
  const anne = { userId: 'anna', username: 'Anne' };
  expect(here.apply(eventLine('memberUpdated', { ...member, ...anne }))).toBe(true);
  expect(here.users).toEqual([anne, ben]);
  expect(here.changesTo(new PresenceSnapshot([ben]), 'r', 1)).toEqual([
    eventLine('userLeft', { roomId: 'r', ...anne, timestamp: 1, reason: 'disconnected' }),
  ]);
});

it('a presence snapshot does not take a member for online', () => {
  const here = new PresenceSnapshot([ben]);
  here.apply(eventLine('memberUpdated', { ...member, ...anna, online: false }));
  expect(here.users).toEqual([ben]);
});

it('a change of name between two presence snapshots makes no events', () => {
  const then = new PresenceSnapshot([{ ...anna, username: 'Anne' }, ben]);
  expect(new PresenceSnapshot([anna, ben]).changesTo(then, 'r', 1)).toBeUndefined();
});
