import { expect, it } from 'vitest';
import { FloodBans } from '../../../src/admission/flood-bans.ts';
import { readSettings } from '../../../src/settings/settings.ts';

const { limits } = readSettings({ COMMANDS_PER_SECOND: '50', COMMAND_BURST: '200' }).settings;

it('[ADM6] [LIM2] a flood bans its user for a minute, with the time left in the refusal', () => {
  const bans = new FloodBans();
  bans.add('mallory', 1_000);
  expect(() => bans.assertNotBanned('mallory', 11_000)).toThrow(
    expect.objectContaining({ code: 'rate_limited', details: { retryAfterMs: 50_000 } }),
  );
  expect(() => bans.assertNotBanned('alice', 11_000)).not.toThrow();
  expect(() => bans.assertNotBanned('mallory', 61_000)).not.toThrow();
});

it('[ADM6] the minute counts from the last flood, for each user separately', () => {
  const bans = new FloodBans();
  bans.add('first', 0);
  bans.add('mallory', 10_000);
  bans.add('first', 50_000);
  bans.add('last', 90_000);
  expect(() => bans.assertNotBanned('first', 100_000)).toThrow('wait a minute');
  expect(() => bans.assertNotBanned('mallory', 70_000)).not.toThrow();
});

it('[ADM6] a ban lasts at most a minute when the clock is set back', () => {
  const bans = new FloodBans();
  bans.add('mallory', 3_600_000);
  expect(() => bans.assertNotBanned('mallory', 0)).toThrow(
    expect.objectContaining({ details: { retryAfterMs: 60_000 } }),
  );
});

it('[ADM6] [LIM2] a user who is ten seconds ahead over all their sockets is banned, and no other user', () => {
  const bans = new FloodBans();
  const flood = (userId: string, times: number) =>
    Array.from({ length: times }, () => bans.countCommands(userId, 1_000, 128, limits));
  expect(flood('mallory', 10)).not.toContain(true);
  expect(() => bans.assertNotBanned('mallory', 1_000)).not.toThrow();
  expect(flood('mallory', 1)).toEqual([true]);
  expect(() => bans.assertNotBanned('mallory', 1_000)).toThrow('wait a minute');
  expect(flood('alice', 1)).toEqual([false]);
  expect(() => bans.assertNotBanned('alice', 1_000)).not.toThrow();
  // After a minute of silence nothing is counted any more.
  expect(bans.countCommands('alice', 62_000, 1, limits)).toBe(false);
  expect(
    Array.from({ length: 10 }, () => bans.countCommands('mallory', 62_000, 128, limits)),
  ).not.toContain(true);
});
