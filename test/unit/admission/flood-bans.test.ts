import { expect, it } from 'vitest';
import { FloodBans } from '../../../src/admission/flood-bans.ts';
import { readSettings } from '../../../src/settings/settings.ts';

const { limits } = readSettings({ COMMANDS_PER_SECOND: '50', COMMAND_BURST: '200' }).settings;

it('who was sent away may come back after a minute, and is told how long that is yet', () => {
  const away = new FloodBans();
  away.add('mallory', 1_000);
  expect(() => away.assertBack('mallory', 11_000)).toThrow(
    expect.objectContaining({ code: 'rate_limited', details: { retryAfterMs: 50_000 } }),
  );
  expect(() => away.assertBack('alice', 11_000)).not.toThrow();
  expect(() => away.assertBack('mallory', 61_000)).not.toThrow();
});

it('the minute begins anew with each time, and others are forgotten meanwhile', () => {
  const away = new FloodBans();
  away.add('first', 0);
  away.add('mallory', 10_000);
  away.add('first', 50_000);
  away.add('last', 90_000);
  expect(() => away.assertBack('first', 100_000)).toThrow('wait a minute');
  expect(() => away.assertBack('mallory', 70_000)).not.toThrow();
});

it('a clock that goes back keeps nobody out for longer', () => {
  const away = new FloodBans();
  away.add('mallory', 3_600_000);
  expect(() => away.assertBack('mallory', 0)).toThrow(
    expect.objectContaining({ details: { retryAfterMs: 60_000 } }),
  );
});

it('who sends far too much is away, over however many sockets, and nobody else is', () => {
  const away = new FloodBans();
  const heard = (userId: string, times: number) =>
    Array.from({ length: times }, () => away.hear(userId, 1_000, 128, limits));
  expect(heard('mallory', 10)).not.toContain(true);
  expect(() => away.assertBack('mallory', 1_000)).not.toThrow();
  expect(heard('mallory', 1)).toEqual([true]);
  expect(() => away.assertBack('mallory', 1_000)).toThrow('wait a minute');
  expect(heard('alice', 1)).toEqual([false]);
  expect(() => away.assertBack('alice', 1_000)).not.toThrow();
  // A minute of silence is as good as new.
  expect(away.hear('alice', 62_000, 1, limits)).toBe(false);
  expect(Array.from({ length: 10 }, () => away.hear('mallory', 62_000, 128, limits))).not.toContain(
    true,
  );
});
