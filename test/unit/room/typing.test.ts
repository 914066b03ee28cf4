import { expect, it } from 'vitest';
import { Typing } from '../../../src/room/presence/typing.ts';

const LAPSES_MS = 6_000;

it('typing keeps no notice of a user who has not typed lately', () => {
  let now = 1_700_000_000_000;
  const typing = new Typing({ now: () => now });
  for (let at = 0; at < 100; at++) {
    expect(typing.shouldBroadcast(`user ${at}`, true)).toBe(true);
    now += LAPSES_MS / 2 + 1;
  }
  expect(typing.count).toBe(2);
  expect(typing.shouldBroadcast('user 98', true)).toBe(true);
  expect(typing.shouldBroadcast('user 98', false)).toBe(true);
  now += LAPSES_MS + 1;
  expect(typing.shouldBroadcast('user 98', false)).toBe(false);
  expect(typing.shouldBroadcast('user 98', true)).toBe(true);
  expect(typing.count).toBe(1);
});
