import { expect, test } from 'vitest';
import {
  mayActOn,
  rolesFor,
  type Role,
  type Access,
  whyCannotSend,
} from '../../../web/src/rights.ts';

function standing(role: Role, more: object = {}, room: object = {}): Access {
  return {
    you: { userId: 'me', username: 'Me', role, readUpTo: 0, unread: 0, unreadMentions: 0, ...more },
    room: {
      roomId: 'r',
      createdAt: 0,
      private: false,
      readOnly: false,
      slowModeSeconds: 0,
      memberCount: 1,
      horizon: 0,
      ...room,
    },
  };
}

test.each<[Role, Role, boolean]>([
  ['member', 'viewer', false],
  ['moderator', 'none', true],
  ['moderator', 'viewer', true],
  ['moderator', 'moderator', false],
  ['owner', 'moderator', true],
  ['owner', 'owner', false],
])('whether a %s may act on a %s: %s', (role, target, may) => {
  expect(mayActOn(standing(role), { userId: 'other', role: target })).toBe(may);
  expect(mayActOn(standing(role), { userId: 'me', role: target })).toBe(false);
});

test('users are offered roles up to their own; guests and webhooks cannot become owners', () => {
  const someone = { userId: 'other', role: 'member' as const };
  expect(rolesFor(standing('moderator'), someone)).toEqual(['viewer', 'moderator']);
  expect(rolesFor(standing('owner'), someone)).toEqual(['viewer', 'moderator', 'owner']);
  expect(rolesFor(standing('owner'), { ...someone, userId: 'guest:1' })).not.toContain('owner');
  expect(rolesFor(standing('owner'), { ...someone, userId: 'hook:alerts' })).not.toContain('owner');
});

test('users who may not write see why', () => {
  const silent = (...of: Parameters<typeof standing>) => whyCannotSend(standing(...of), 1_000);
  expect(silent('member')).toBeUndefined();
  expect(silent('member', { mutedUntil: 999 })).toBeUndefined();
  expect(silent('owner', { mutedUntil: 1_001 })).toMatch(/^You are muted until/);
  expect(silent('viewer')).toBe('You may only read in this room.');
  expect(silent('moderator', {}, { readOnly: true })).toBe('Only owners write in this room.');
  expect(silent('owner', {}, { readOnly: true })).toBeUndefined();
});
